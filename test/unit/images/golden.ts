import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** What transformers' processors made of sizes and images: see `test/fixtures/images/make_golden.py`. */
export interface Golden {
  readonly sizes: readonly { minPixels: number; maxPixels: number; blocks: readonly string[] }[];
  readonly 'qwen2-vl': {
    readonly minPixels: number;
    readonly maxPixels: number;
    readonly images: Readonly<Record<string, GoldenPatches>>;
  };
  readonly idefics3: readonly {
    readonly longest: number;
    readonly size: number;
    readonly splitting: boolean;
    readonly images: Readonly<
      Record<string, { frames: number; rows: number; columns: number; sha256: string }>
    >;
  }[];
  /** Every 401st of the pixel values. */
  readonly photos: Readonly<Record<string, { grid: readonly number[]; samples: readonly number[] }>>;
}

export interface GoldenPatches {
  readonly grid: readonly number[];
  /** Of the float32 pixel values. */
  readonly sha256: string;
  /** uint8 [patches, 3, 14 * 14], gzipped, base64: the pixels behind the values, once for both frames. */
  readonly bytes?: string;
}

const directory = new URL('../../fixtures/images/', import.meta.url);

export const golden = JSON.parse(readFileSync(new URL('golden.json', directory), 'utf8')) as Golden;

/** A drawn image. */
export function fixtureImage(name: string): Promise<Buffer> {
  return readFile(fileURLToPath(new URL(name, directory)));
}
