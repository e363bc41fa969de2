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
import { readNumber, streamColumns } from '../tables/duckdb-columns.ts';
import { readUnpacked } from './input-bytes.ts';
import type { InputFile } from './input-file.ts';
import type { SourceRow } from './source-row.ts';

/**
 * Rows of a Parquet file, the named columns alone, in the order of the file. A file that is not `file:` and plain is
 * first copied to `directory`, a stream. Memory: 400 MB, and where rows are large four times the 2,048 rows (or the row
 * group) that DuckDB decodes at once, at most 1 GiB each.
 *
 * @throws QuarryError BadInput where it is no Parquet file, has not these columns, or its row groups are too large
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
    const decoded = await decodedAtOnce(duckDb.connection, path, wanted);
    if (decoded > MOST_DECODED) throw tooLarge(file, decoded);
    if (decoded > LARGE) {
      // One thread, so that one row group is decoded at a time.
      await duckDb.connection.run(
        `SET threads = 1; SET memory_limit = '${USUAL_MB + COPIES * toMB(decoded)}MB'`,
      );
    }
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

/** Bytes of rows that DuckDB decodes at once, from which on its usual limit does not do; and the most that are read. */
const LARGE = 64 * 2 ** 20;
const MOST_DECODED = 2 ** 30;
/** A page as it is read, as it is decoded, and rows on their way. */
const COPIES = 4;
const USUAL_MB = 400;
/** Rows of a vector. */
const VECTOR_ROWS = 2048;

/** Bytes of the named columns in the 2,048 rows (or the row group) that are largest. */
async function decodedAtOnce(
  connection: DuckDBConnection,
  path: string,
  columns: readonly string[],
): Promise<number> {
  const names = columns.map(sqlText).join(', ');
  return readNumber(
    connection,
    `SELECT coalesce(max(bytes), 0) FROM (
       SELECT sum(total_uncompressed_size) * least(1, ${VECTOR_ROWS} / any_value(row_group_num_rows)) AS bytes
       FROM parquet_metadata(${sqlText(path)}) WHERE split_part(path_in_schema, ', ', 1) IN (${names})
       GROUP BY row_group_id)`,
  );
}

function tooLarge({ uri }: InputFile, bytes: number): QuarryError {
  return new QuarryError(
    'BadInput',
    `${uri}: its row groups hold ${toMB(bytes)} MB of the columns that are read, in at most ${VECTOR_ROWS} rows; ${toMB(MOST_DECODED)} MB are possible; write it anew with fewer rows in a row group, or with images as files that it names by path`,
  );
}

function toMB(bytes: number): number {
  return Math.ceil(bytes / 1e6);
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
