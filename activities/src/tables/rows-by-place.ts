import type { DuckDBConnection } from '@duckdb/node-api';
import type { Value } from './column-edges.ts';

/** The rows of a SELECT by their first column. */
export async function rowsByPlace(
  connection: DuckDBConnection,
  select: string,
): Promise<Map<number, Value[]>> {
  const rows = (await connection.runAndReadAll(select)).getRows();
  return new Map(rows.map(([place, ...values]) => [Number(place), values as Value[]]));
}
