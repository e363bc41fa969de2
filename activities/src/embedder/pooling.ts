import type { ModelSettings } from './model-settings.ts';

/** How a row's hidden states become its vector. */
export type Pooling = ModelSettings['pooling'];

/**
 * Pools the hidden states of one row; sums are taken in float64 in the order of the tokens.
 *
 * @param hidden [tokens, target.length] behind `offset`; what is beyond `tokens` is padding and not looked at
 */
export function poolRow(
  hidden: Float32Array,
  offset: number,
  tokens: number,
  pooling: Pooling,
  target: Float32Array,
): void {
  const size = target.length;
  if (pooling !== 'mean') {
    const start = offset + (pooling === 'cls' ? 0 : tokens - 1) * size;
    target.set(hidden.subarray(start, start + size));
    return;
  }
  const sums = new Float64Array(size);
  for (let token = 0; token < tokens; token++) {
    const start = offset + token * size;
    for (let i = 0; i < size; i++) sums[i]! += hidden[start + i]!;
  }
  for (let i = 0; i < size; i++) target[i] = sums[i]! / tokens;
}

/**
 * L2-normalises a vector in place; a vector of zeros stays.
 *
 * @returns false where an element, or the sum of squares, is not finite
 */
export function normalise(vector: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  if (!Number.isFinite(sum)) return false;
  if (sum === 0) return true;
  const norm = Math.sqrt(sum);
  for (let i = 0; i < vector.length; i++) vector[i]! /= norm;
  return true;
}
