import { dot } from '@quarry/activities/mining/dot';

/** Rows of numbers as one array of vectors. */
export function matrixOf(rows: readonly (readonly number[])[]): Float32Array {
  return Float32Array.from(rows.flat());
}

/** The `k` documents of highest inner product with a query: (score descending, document ascending). */
export function rankExactly(
  queries: Float32Array,
  query: number,
  documents: Float32Array,
  dimension: number,
  k: number,
): { ids: Int32Array; scores: Float32Array } {
  const all = new Float32Array(documents.length / dimension);
  for (let document = 0; document < all.length; document++) {
    all[document] = dot(queries, query * dimension, documents, document * dimension, dimension);
  }
  const ids = Int32Array.from(all.keys())
    .sort((a, b) => all[b]! - all[a]! || a - b)
    .slice(0, k);
  return { ids, scores: ids.length > 0 ? Float32Array.from(ids, (id) => all[id]!) : new Float32Array(0) };
}
