import type { DenseColumns } from './dense-rows.ts';
import { assertRows, forEachTrainingPair, type TrainingShard } from './training-pairs.ts';

/**
 * `n-tuple`: one row per pair whose query has at least N kept negatives, with the first N of them. Here the shard's rows
 * `start` (inclusive) to `end` (exclusive) as dense ids.
 */
export function nTupleRows(
  shard: TrainingShard,
  numNegatives: number,
  start: number,
  end: number,
): DenseColumns {
  const rows = end - start;
  const query = new Int32Array(rows);
  const positive = new Int32Array(rows);
  const negative = Array.from({ length: numNegatives }, () => new Int32Array(rows));
  let row = -start;
  forEachTrainingPair(shard, (q, document, negatives) => {
    if (negatives.length < numNegatives) return;
    if (row >= 0 && row < rows) {
      query[row] = q;
      positive[row] = document;
      for (let n = 0; n < numNegatives; n++) negative[n]![row] = negatives[n]!;
    }
    row++;
  });
  assertRows('n-tuple', row + start, end);
  return { query, positive, ...Object.fromEntries(negative.map((ids, n) => [`negative_${n + 1}`, ids])) };
}
