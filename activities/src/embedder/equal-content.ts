import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { Npy, NpyArray } from '../tables/npy.ts';
import { type GivenVectors, gatherVectors } from './given-vectors.ts';

/** Pairs of rows that are compared at once; bounds the memory. */
const PAIRS_AT_ONCE = 4096;
/** Length of the difference, as a share of the vector's, from which two vectors of equal content are unequal. */
const TOLERANCE = 1e-3;

/**
 * Checks that rows of equal content have equal vectors, up to what float16 and an embedding service's batches change.
 *
 * @param duplicates [n, 2] source rows of equal content
 * @throws QuarryError BadVectors that names both rows
 */
export async function requireEqualVectors(
  context: StageContext,
  given: GivenVectors,
  { data }: Npy<NpyArray>,
): Promise<void> {
  const { dimension, uri } = given;
  for (let start = 0; start < data.length; start += 2 * PAIRS_AT_ONCE) {
    const rows = Array.from(data.subarray(start, start + 2 * PAIRS_AT_ONCE));
    const vectors = await gatherVectors(context, given, rows);
    for (let i = 0; i < rows.length; i += 2) {
      const a = vectors.subarray(i * dimension, (i + 1) * dimension);
      const b = vectors.subarray((i + 1) * dimension, (i + 2) * dimension);
      if (distance(a, b) <= TOLERANCE * length(a)) continue;
      throw new QuarryError(
        'BadVectors',
        `${uri}: rows ${rows[i]} and ${rows[i + 1]} (counted from 0) have equal content but unequal vectors; align the file with the input, or set input.dedup: false to keep them apart`,
      );
    }
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

function length(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
