import type { DenseColumns } from './dense-rows.ts';
import { assertRows, forEachTrainingPair, type TrainingShard } from './training-pairs.ts';

/**
 * `triplet`: one row per pair and kept negative, in the order of queries, pairs, negatives. Here the shard's rows `start`
 * (inclusive) to `end` (exclusive) as dense ids.
 */
export function tripletRows(shard: TrainingShard, start: number, end: number): DenseColumns {
  const query = new Int32Array(end - start);
  const positive = new Int32Array(end - start);
  const negative = new Int32Array(end - start);
  let row = -start;
  forEachTrainingPair(shard, (q, document, negatives) => {
    for (const candidate of negatives) {
      if (row >= 0 && row < end - start) {
        query[row] = q;
        positive[row] = document;
        negative[row] = candidate;
      }
      row++;
    }
  });
  assertRows('triplet', row + start, end);
  return { query, positive, negative };
}
