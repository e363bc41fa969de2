import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PatchedImage } from '@quarry/activities/images/patched-image';
import type { Side } from '@quarry/workflows';
import { onTestFinished } from 'vitest';

/** Tiny models of infra/model/tiny, with what transformers makes of them. */
export const TINY = [
  'tiny-qwen2-vl',
  'tiny-qwen2.5-vl',
  'tiny-smolvlm',
  'tiny-qwen3',
  'tiny-qwen3-gqa',
  'tiny-llama',
] as const;
export type Tiny = (typeof TINY)[number];
export const VISION: readonly Tiny[] = ['tiny-qwen2-vl', 'tiny-qwen2.5-vl', 'tiny-smolvlm'];

export interface GoldenRow {
  readonly text: string | null;
  /** (t, h, w) in patches, or rows and columns of tiles. */
  readonly image: readonly number[] | null;
  readonly side: Side;
  readonly rendered: string;
  readonly ids: readonly number[];
  readonly seed: number;
  /** After the final norm, at the last token. */
  readonly state: readonly number[];
}

export function tinyDirectory(name: Tiny): string {
  return fileURLToPath(new URL(`../../fixtures/models/${name}`, import.meta.url));
}

export function goldenRows(name: Tiny): readonly GoldenRow[] {
  const text = readFileSync(join(tinyDirectory(name), 'golden.json'), 'utf8');
  return (JSON.parse(text) as { readonly rows: readonly GoldenRow[] }).rows;
}

/** A copy that a test may change. */
export function tinyCopy(name: Tiny): string {
  const parent = mkdtempSync(join(tmpdir(), 'quarry-tiny-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  cpSync(tinyDirectory(name), join(parent, name), { recursive: true });
  return join(parent, name);
}

/** The image of a golden row, of values that both sides compute. */
export function syntheticImage({ image, seed }: GoldenRow): PatchedImage | null {
  if (image === null) return null;
  const values = (count: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(0.7 * i + seed));
  if (image.length === 3) {
    const [t, h, w] = image as [number, number, number];
    return { family: 'qwen2-vl', patches: values(t * h * w * 1176), grid: [t, h, w] };
  }
  const [rows, columns] = image as [number, number];
  return { family: 'idefics3', frames: values((rows * columns + 1) * 3 * 64 * 64), size: 64, rows, columns };
}
