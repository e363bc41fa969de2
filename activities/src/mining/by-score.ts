/** Some queries' candidates, [queries, k] each. */
export interface ScoredLists {
  readonly k: number;
  /** int32, -1 padded */
  readonly ids: Int32Array;
  /** float32 */
  readonly scores: Float32Array;
  /** uint8: what has more stands behind, whatever its score */
  readonly tier: Uint8Array;
}

/** The slots of every query's candidates by (tier, score descending, document ascending): int32 [queries, k]. */
export function byScore({ k, ids, scores, tier }: ScoredLists): Int32Array {
  const order = Int32Array.from(ids.keys());
  const before = (a: number, b: number): number =>
    tier[a]! - tier[b]! || scores[b]! - scores[a]! || ids[a]! - ids[b]! || a - b;
  for (let first = 0; first < order.length; first += k) order.subarray(first, first + k).sort(before);
  return order;
}
