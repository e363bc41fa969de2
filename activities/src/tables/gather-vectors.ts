import type { VectorFiles } from './vector-files.ts';

/** The vectors of some ids in their order, repeated where an id is: float32 [ids, dimension]. */
export function gatherVectors(vectors: VectorFiles, ids: Int32Array): Float32Array {
  const { dimension } = vectors;
  const found = new Float32Array(ids.length * dimension);
  const order = Int32Array.from(ids.keys()).sort((a, b) => ids[a]! - ids[b]! || a - b);
  let next = 0;
  for (const window of vectors.windows(Int32Array.from(order, (i) => ids[i]!))) {
    for (; next < order.length && ids[order[next]!]! < window.end; next++) {
      const from = (ids[order[next]!]! - window.start) * dimension;
      found.set(window.vectors.subarray(from, from + dimension), order[next]! * dimension);
    }
  }
  return found;
}
