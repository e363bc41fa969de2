import type { DuckDBConnection } from '@duckdb/node-api';
import type { Range } from '@quarry/workflows';
import { sqlText } from './duckdb.ts';

/** Looks up ids and texts of the plan's documents or queries, by dense id. */
export interface Lookup {
  /** `documents` or `queries`: the name of the table that is made. */
  readonly table: 'documents' | 'queries';
  /** SELECTs of the dense ids that are wanted. */
  readonly wanted: readonly string[];
  readonly columns: readonly ('id' | 'text')[];
  readonly shards: readonly Range[];
  /** A local path to one shard's Parquet; asked only for shards that hold wanted rows. */
  readonly file: (shard: number) => Promise<string>;
}

/**
 * Makes the table (`document` or `query`, and the columns) with the wanted rows alone. Reads every shard that holds one
 * of them; memory: the wanted rows, spilled beyond DuckDB's limit.
 */
export async function loadContents(connection: DuckDBConnection, lookup: Lookup): Promise<void> {
  const { table, wanted, columns } = lookup;
  const id = table === 'documents' ? 'document' : 'query';
  await connection.run(
    `CREATE TABLE wanted_${table} AS SELECT x AS ${id} FROM (${wanted.join(' UNION ')}) w(x)`,
  );
  const files = await Promise.all((await shardsWanted(connection, lookup, id)).map(lookup.file));
  const list = columns.join(', ');
  if (files.length === 0) {
    const declared = columns.map((column) => `${column} VARCHAR`).join(', ');
    await connection.run(`CREATE TABLE ${table} (${id} INTEGER, ${declared})`);
  } else {
    await connection.run(`
      CREATE TABLE ${table} AS SELECT ${id}, ${list} FROM read_parquet([${files.map(sqlText).join(', ')}])
      WHERE ${id} IN (SELECT ${id} FROM wanted_${table})`);
  }
  await connection.run(`DROP TABLE wanted_${table}`);
}

async function shardsWanted(
  connection: DuckDBConnection,
  { table, shards }: Lookup,
  id: string,
): Promise<number[]> {
  const starts = shards.map(({ start }) => start).join(', ');
  const found = await connection.runAndReadAll(`
    SELECT DISTINCT s.shard FROM wanted_${table} w
    ASOF JOIN (SELECT unnest([${starts}]::INTEGER[]) AS start, generate_subscripts([${starts}], 1)::INTEGER - 1 AS shard) s
    ON w.${id} >= s.start ORDER BY 1`);
  return found.getRows().map((row) => row[0] as number);
}
