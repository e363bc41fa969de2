import { fstatSync, openSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../../tables/duckdb.ts';
import { jsonPlaces } from './json-places.ts';
import { plainPlaces } from './plain-places.ts';
import { type Encoding, SpooledStrings } from './spooled-strings.ts';

const COPY: Readonly<Record<Encoding, string>> = {
  json: 'FORMAT json',
  // No dictionary and no compression: every string lies in the file as it is.
  plain:
    'FORMAT parquet, PARQUET_VERSION V1, COMPRESSION uncompressed, STRING_DICTIONARY_PAGE_SIZE_LIMIT 1, WRITE_BLOOM_FILTER false',
};

/**
 * Spools the strings that `select` yields.
 *
 * @param select one column `t`, without nulls, its rows in order; there are `rows` of them
 * @param path of a new file
 */
export async function spoolStrings(
  connection: DuckDBConnection,
  select: string,
  {
    path,
    rows,
    encoding,
    memory,
  }: {
    readonly path: string;
    readonly rows: number;
    readonly encoding: Encoding;
    /** Hold the strings in memory where they are no more bytes; see {@link SpooledStrings}. */
    readonly memory?: number;
  },
): Promise<SpooledStrings> {
  await connection.run(`COPY (${select}) TO ${sqlText(path)} (${COPY[encoding]})`);
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  const places = encoding === 'json' ? jsonPlaces(file, rows, size) : await plainPlaces(file, rows, size);
  return new SpooledStrings(encoding, file, size, places, memory);
}
