import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBListValue,
  DuckDBStructValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { openDuckDb, sqlText } from '../tables/duckdb.ts';
import { streamColumns } from '../tables/duckdb-columns.ts';
import { readUnpacked } from './input-bytes.ts';
import type { InputFile } from './input-file.ts';
import type { SourceRow } from './source-row.ts';

/**
 * Rows of a Parquet file, the named columns alone, in the order of the file. A file that is not `file:` and plain is
 * first copied to `directory`, a stream. Holds some row groups of the named columns at a time.
 *
 * @throws QuarryError BadInput where it is no Parquet file or has not these columns
 */
export async function* readParquet(
  context: StageContext,
  file: InputFile,
  columns: readonly string[],
  directory: string,
  optional: readonly string[] = [],
): AsyncGenerator<SourceRow[]> {
  const path = await localFile(context, file, directory);
  const duckDb = await openDuckDb({ directory, threads: context.threads });
  try {
    const present = await namesOf(
      duckDb.connection.runAndReadAll(`DESCRIBE SELECT * FROM ${table(path)}`),
      file,
    );
    const missing = columns.find((name) => !present.includes(name));
    if (missing !== undefined) {
      throw new QuarryError(
        'BadInput',
        `${file.uri} has no column "${missing}"; it has ${present.join(', ')}. Name the right ones in the job's columns`,
      );
    }
    const wanted = [
      ...columns,
      ...optional.filter((name) => present.includes(name) && !columns.includes(name)),
    ];
    const names = wanted.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
    let row = 0;
    for await (const chunk of streamColumns(duckDb.connection, `SELECT ${names} FROM ${table(path)}`)) {
      context.signal.throwIfAborted();
      yield Array.from({ length: chunk.rows }, (_, i) => {
        const values = Object.fromEntries(wanted.map((name, c) => [name, plain(chunk.columns[c]![i]!)]));
        return { row, line: ++row, values };
      });
    }
  } finally {
    duckDb.close();
  }
}

function table(path: string): string {
  return `read_parquet(${sqlText(path)})`;
}

async function namesOf(
  description: ReturnType<DuckDBConnection['runAndReadAll']>,
  file: InputFile,
): Promise<string[]> {
  try {
    return (await description).getColumns()[0]!.map(String);
  } catch (error) {
    throw new QuarryError('BadInput', `${file.uri} cannot be read as Parquet: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function localFile(context: StageContext, file: InputFile, directory: string): Promise<string> {
  if (file.uri.startsWith('file:') && !file.uri.endsWith('.gz'))
    return context.openStore(file.uri).localCopy(file.uri, directory);
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'input.parquet');
  await pipeline(Readable.from(readUnpacked(context, file)), createWriteStream(path));
  return path;
}

/** Lists, structs and bytes as plain values. */
function plain(value: DuckDBValue): unknown {
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, plain(entry)]));
  }
  return value;
}
