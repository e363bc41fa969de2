import type { DenseColumns } from './dense-rows.ts';
import type { OutputTable } from './output-table.ts';
import { assertRows, forEachTrainingPair, type TrainingShard } from './training-pairs.ts';

/** `triplet`: one row per pair and kept negative, in the order of queries, pairs, negatives. */
export const triplet: OutputTable = {
  documents: ['SELECT positive FROM dense', 'SELECT negative FROM dense'],
  queries: ['SELECT query FROM dense'],
  documentColumns: ['text'],
  queryColumns: ['text'],
  select: `
    SELECT r.place, q.text AS anchor, p.text AS positive, n.text AS negative
    FROM dense r
    JOIN queries q ON q.query = r.query
    JOIN documents p ON p.document = r.positive
    JOIN documents n ON n.document = r.negative`,
};

/**
 * The shard's rows `start` (inclusive) to `end` (exclusive), dense; `place` counts on from `firstPlace`.
 */
export function tripletRows(
  shard: TrainingShard,
  start: number,
  end: number,
  firstPlace: number,
): DenseColumns & { readonly place: Int32Array } {
  const place = Int32Array.from({ length: end - start }, (_, i) => firstPlace + i);
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
  return { place, query, positive, negative };
}
