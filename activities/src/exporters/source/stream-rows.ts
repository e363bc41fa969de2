import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Rows of a query, of which DuckDB holds a chunk (2,048) at a time. Nothing else may run on the connection until the last
 * row was read.
 */
export async function* streamRows(
  { connection, signal }: { readonly connection: DuckDBConnection; readonly signal: AbortSignal },
  sql: string,
): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRowObjects()) {
    signal.throwIfAborted();
    yield* rows;
  }
}
