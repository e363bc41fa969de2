import { createHash } from 'node:crypto';
import { type DuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import type { ParquetTable } from '@quarry/activities/tables/parquet-table';

/** Row groups looked at before a draw is content: small runs are drawn from as a whole. */
const LEAST_STRETCHES = 8;

/** What is known of the queries that a draw has seen. */
interface Seen {
  keeps: boolean;
  wanted: boolean;
}

/**
 * Draws queries from `candidates` at random, but always the same: those that keep a negative first. Of a big table only
 * some row groups are read, as many as it takes.
 *
 * @param reason only queries of which a candidate was dropped for it
 */
export async function drawQueries(
  connection: DuckDb['connection'],
  candidates: ParquetTable,
  count: number,
  reason: string | undefined,
): Promise<readonly string[]> {
  const seen = new Map<string, Seen>();
  let stretches = 0;
  const where = reason === undefined ? undefined : { column: 'reason', value: reason };
  for await (const { path, start, end } of candidates.stretches(where)) {
    const wanted = reason === undefined ? 'true' : `coalesce(bool_or(reason = ${sqlText(reason)}), false)`;
    const reader = await connection.runAndReadAll(
      `SELECT query_id, bool_or(verdict = 'kept'), ${wanted} FROM read_parquet(${sqlText(path)}, file_row_number = true)
       WHERE file_row_number >= ${start} AND file_row_number < ${end} GROUP BY query_id`,
    );
    for (const [id, keeps, fits] of reader.getRows() as [string, boolean, boolean][]) {
      const before = seen.get(id);
      seen.set(id, { keeps: keeps || before?.keeps === true, wanted: fits || before?.wanted === true });
    }
    const found = [...seen.values()].filter((query) => query.wanted && query.keeps).length;
    if (++stretches >= LEAST_STRETCHES && found >= count) break;
  }
  return [...seen]
    .filter(([, query]) => query.wanted)
    .map(([id, { keeps }]) => ({ id, order: `${keeps ? 0 : 1}${md5(id)}` }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id);
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
