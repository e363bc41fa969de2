import { join } from 'node:path';
import type { Side } from '@quarry/workflows';
import { sqlText } from '../../tables/duckdb.ts';
import { readNumber } from '../../tables/duckdb-columns.ts';
import { rowGroupRows } from '../../tables/write-parquet.ts';
import type { ExportSource } from '../source/export-source.ts';
import type { ExportTarget } from './export-target.ts';
import { type ParquetPlace, partName } from './parquet-files.ts';

/** Rows of one file at most, so that its size stays handy. */
const ROWS_PER_FILE = 500_000;
/** First rows that tell how long a row is: documents lie in the order of their hashes, so these are any. */
const SAMPLED_ROWS = 20_480;

/**
 * Copies all queries, or the whole corpus, as Parquet of id and text, in the order of the plan: columns of the plan's
 * tables, which DuckDB streams. The files do not depend on the plan's shards. Memory: DuckDB's limit.
 *
 * @param id the name of the column
 */
export async function copyContents(
  { connection, signal, planned }: ExportSource,
  target: ExportTarget,
  side: Side,
  place: ParquetPlace,
  id: string,
): Promise<void> {
  const { files, rows } = planned(side);
  const columns = `coalesce(id, '') AS "${id}", coalesce(text, '') AS text`;
  const from = (of: readonly string[]): string => `read_parquet([${of.map(sqlText).join(', ')}])`;
  /** By dense id: of LIMIT and OFFSET DuckDB makes a join that outgrows its memory. */
  const rowsWithin = (start: number, end: number): string => {
    const within = files.filter((file) => file.end > start && file.start < Math.max(end, 1));
    return `SELECT ${columns} FROM ${from(within.map(({ local }) => local))} WHERE "${side}" >= ${start} AND "${side}" < ${end}`;
  };
  const bytesPerRow = await readNumber(
    connection,
    `SELECT coalesce(avg(strlen("${id}") + strlen(text)), 0) FROM (${rowsWithin(0, SAMPLED_ROWS)})`,
  );
  const parts = Math.max(1, Math.ceil(rows / ROWS_PER_FILE));
  for (let part = 0; part < parts; part++) {
    signal.throwIfAborted();
    const [start, end] = [part * ROWS_PER_FILE, Math.min(rows, (part + 1) * ROWS_PER_FILE)];
    const name = join(place.directory, partName(place, part, parts));
    // Beside a range, rows come in full vectors, so that row groups end where they end whatever the plan's shards.
    await connection.run(
      `COPY (SELECT "${id}", text FROM range(${end - start}) POSITIONAL JOIN (${rowsWithin(start, end)}))
       TO ${sqlText(await target.path(name))} (
         FORMAT parquet, PARQUET_VERSION V1, COMPRESSION snappy, ROW_GROUP_SIZE ${rowGroupRows(bytesPerRow)})`,
    );
    target.count(name, end - start);
  }
}
