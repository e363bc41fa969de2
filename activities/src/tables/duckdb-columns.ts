import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';

/**
 * The result of a query, about 2,048 rows at a time, by column. Nothing else may run on the connection until the last
 * row was read: DuckDB streams one result per connection.
 */
export async function* streamColumns(
  connection: DuckDBConnection,
  sql: string,
): AsyncGenerator<{ readonly rows: number; readonly columns: readonly (readonly DuckDBValue[])[] }> {
  const result = await connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    yield { rows: chunk.rowCount, columns: chunk.getColumns() };
  }
}

/** The one number that a query gives. */
export async function readNumber(connection: DuckDBConnection, sql: string): Promise<number> {
  const result = await connection.runAndReadAll(sql);
  return Number(result.value(0, 0));
}
