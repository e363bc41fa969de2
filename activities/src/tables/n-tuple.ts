import type { DuckDBConnection } from '@duckdb/node-api';
import type { DenseColumns } from './dense-rows.ts';
import type { OutputTable } from './output-table.ts';
import { assertRows, forEachTrainingPair, type TrainingShard } from './training-pairs.ts';

/** Documents brought together at a time: bounds the memory of a batch, whatever N is. */
const BATCH_CELLS = 131_072;

/**
 * `n-tuple`: one row per pair whose query has at least N kept negatives; the first N of them. The documents of a row lie
 * in the dense table `cells` (place, position, document), 0 = the positive, and are gathered in batches: a join per
 * column would keep N copies of the texts.
 */
export function nTuple(numNegatives: number): OutputTable {
  const negatives = Array.from(
    { length: numNegatives },
    (_, i) => `g.texts[${i + 2}] AS negative_${i + 1}`,
  ).join(', ');
  return {
    documents: ['SELECT document FROM cells'],
    queries: ['SELECT query FROM dense'],
    documentColumns: ['text'],
    queryColumns: ['text'],
    prepare: (connection) => gather(connection, Math.max(1, Math.floor(BATCH_CELLS / (numNegatives + 1)))),
    select: `
      SELECT g.place, q.text AS anchor, g.texts[1] AS positive, ${negatives}
      FROM gathered g JOIN dense r ON r.place = g.place JOIN queries q ON q.query = r.query`,
  };
}

/** The shard's rows `start` (inclusive) to `end` (exclusive), dense; `place` counts on from `firstPlace`. */
export function nTupleRows(
  shard: TrainingShard,
  numNegatives: number,
  start: number,
  end: number,
  firstPlace: number,
): { readonly dense: DenseColumns; readonly cells: DenseColumns } {
  const rows = end - start;
  const width = numNegatives + 1;
  const query = new Int32Array(rows);
  const document = new Int32Array(rows * width);
  let row = -start;
  forEachTrainingPair(shard, (q, positive, negatives) => {
    if (negatives.length < numNegatives) return;
    if (row >= 0 && row < rows) {
      query[row] = q;
      document[row * width] = positive;
      document.set(negatives.subarray(0, numNegatives), row * width + 1);
    }
    row++;
  });
  assertRows('n-tuple', row + start, end);
  return {
    dense: { place: Int32Array.from({ length: rows }, (_, i) => firstPlace + i), query },
    cells: {
      place: Int32Array.from({ length: rows * width }, (_, i) => firstPlace + Math.floor(i / width)),
      position: Int32Array.from({ length: rows * width }, (_, i) => i % width),
      document,
    },
  };
}

async function gather(connection: DuckDBConnection, placesPerBatch: number): Promise<void> {
  await connection.run('CREATE TABLE gathered (place INTEGER, texts VARCHAR[])');
  const counted = await connection.runAndReadAll('SELECT count(*)::INTEGER FROM dense');
  const rows = counted.getRows()[0]![0] as number;
  for (let at = 0; at < rows; at += placesPerBatch) {
    await connection.run(`
      INSERT INTO gathered
      SELECT c.place, list(d.text ORDER BY c.position)
      FROM cells c JOIN documents d ON d.document = c.document
      WHERE c.place >= ${at} AND c.place < ${at + placesPerBatch}
      GROUP BY c.place`);
  }
}
