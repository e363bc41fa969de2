import type { DuckDBConnection } from '@duckdb/node-api';
import type { UnitOutput } from '../stages/unit.ts';
import { readNumber, streamColumns } from '../tables/duckdb-columns.ts';

/**
 * Files of a plan: int32 [n, 2] (source row, source row of the first row with the same content), for given vectors:
 * such rows must have equal ones.
 */
export const DUPLICATES_FILES = {
  documents: 'duplicates-documents.npy',
  queries: 'duplicates-queries.npy',
} as const;

/** Memory: 8 bytes per duplicate. */
export async function writeDuplicates(connection: DuckDBConnection, output: UnitOutput): Promise<void> {
  for (const [table, file] of Object.entries(DUPLICATES_FILES)) {
    const side = table === 'documents' ? 'document' : 'query';
    const from = `
      FROM ${side}_of_row o JOIN ${side}_rows r ON r.seq = o.seq JOIN ${side}_rows f ON f.seq = o.first
      WHERE o.seq <> o.first AND r."row" >= 0 AND f."row" >= 0 AND r."row" <> f."row"`;
    const count = await readNumber(connection, `SELECT count(*) ${from}`);
    const rows = new Int32Array(2 * count);
    let at = 0;
    for await (const { columns } of streamColumns(
      connection,
      `SELECT r."row", f."row" ${from} ORDER BY o.seq`,
    )) {
      const [row, first] = columns as [number[], number[]];
      for (const [i, value] of row.entries()) {
        rows[at++] = value;
        rows[at++] = first[i]!;
      }
    }
    await output.writeNpy(file, rows, [count, 2]);
  }
}
