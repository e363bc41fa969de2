import { dot } from '../mining/dot.ts';
import type { Vectors } from './vectors.ts';

/**
 * Scores of given pairs by the fixed-order dot product.
 *
 * @param start dense id of the first row of `vectors`
 * @param pairs query = row of `queries`, document = dense id
 * @returns float32 [pairs], NaN where the document is not in `vectors`
 */
export function scorePairs(
  queries: Vectors,
  vectors: Vectors,
  start: number,
  pairs: { readonly queries: Int32Array; readonly documents: Int32Array },
): Float32Array {
  const { dimension } = vectors;
  const scores = new Float32Array(pairs.documents.length).fill(Number.NaN);
  for (let i = 0; i < scores.length; i++) {
    const row = pairs.documents[i]! - start;
    if (row < 0 || row >= vectors.rows) continue;
    scores[i] = dot(queries.data, pairs.queries[i]! * dimension, vectors.data, row * dimension, dimension);
  }
  return scores;
}
