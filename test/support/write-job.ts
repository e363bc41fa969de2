import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JobInput } from '@quarry/workflows/job';

/** Writes `job.json` and the files beside it into `folder`; gives the job's path. */
export async function writeJob(
  folder: string,
  job: JobInput,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<string> {
  for (const [name, content] of Object.entries({ ...files, 'job.json': JSON.stringify(job) })) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return join(folder, 'job.json');
}

/** One JSON value per line. */
export function jsonl(rows: Iterable<unknown>): string {
  return Array.from(rows, (row) => `${JSON.stringify(row)}\n`).join('');
}

/** A seeded stream of numbers in [0, 1): mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rows of a seeded Gaussian mixture, float32 [rows, dimension]; with `near`, each row is that row plus noise. */
export function mixture(rows: number, dimension: number, seed: number, near?: Float32Array): Float32Array {
  const random = seeded(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const centres = Float32Array.from({ length: 50 * dimension }, normal);
  return Float32Array.from({ length: rows * dimension }, (_, i) => {
    if (near) return near[i]! + 0.8 * normal();
    const centre = (Math.floor(i / dimension) * 7919) % 50;
    return centres[centre * dimension + (i % dimension)]! + 0.7 * normal();
  });
}
