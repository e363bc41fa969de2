import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

/** All rows of one table of a run, in the order of its files. */
export async function tableRows<Row>(output: string, table: string): Promise<Row[]> {
  const directory = join(fileURLToPath(output), 'data', table);
  const files = (await readdir(directory)).filter((name) => name.endsWith('.parquet')).sort();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const list = files.map((file) => `'${join(directory, file).replaceAll("'", "''")}'`).join(', ');
    const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet([${list}])`);
    return reader.getRowObjectsJS() as Row[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
