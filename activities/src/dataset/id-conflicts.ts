import type { DuckDBConnection } from '@duckdb/node-api';
import { readNumber } from '../tables/duckdb-columns.ts';

/**
 * Quarantines rows whose id an earlier row of the same side gave to other content, and takes everything that such a row
 * staged out again. Returns how many staged pairs went with them, less one for each row (which is now a bad one).
 *
 * Memory: DuckDB's limit.
 */
export async function quarantineIdConflicts(connection: DuckDBConnection): Promise<number> {
  await connection.run(`
    CREATE TABLE conflicts AS
      SELECT source, file, line, min(id) AS id, min(reason) AS reason
      FROM (${conflictsOf('document')} UNION ALL ${conflictsOf('query')})
      GROUP BY source, file, line
  `);
  if ((await readNumber(connection, 'SELECT count(*) FROM conflicts')) === 0) return 0;
  const pairs = "SELECT (file, line) FROM conflicts WHERE source = 'pairs'";
  const lost = await readNumber(
    connection,
    `SELECT (SELECT count(*) FROM pair_rows WHERE (file, line) IN (${pairs})) - (SELECT count(*) FROM (${pairs}))`,
  );
  await connection.run(`
    DELETE FROM pair_rows WHERE (file, line) IN (${pairs});
    DELETE FROM document_rows WHERE (source, file, line) IN (SELECT (source, file, line) FROM conflicts);
    DELETE FROM query_rows WHERE (source, file, line) IN (SELECT (source, file, line) FROM conflicts);
    INSERT INTO bad_rows SELECT source, file, line, id, reason FROM conflicts ORDER BY source, file, line;
  `);
  return lost;
}

function conflictsOf(side: 'document' | 'query'): string {
  return `
    SELECT r.source, r.file, r.line, r.id,
      '${side} id "' || r.id || '" has other content in row ' || f.line || ', which came first' AS reason
    FROM ${side}_rows r
      JOIN (
        SELECT * FROM ${side}_rows
          SEMI JOIN (SELECT min(seq) AS seq FROM ${side}_rows GROUP BY id HAVING count(*) > 1) USING (seq)
      ) f USING (id)
    WHERE r.hash <> f.hash`;
}
