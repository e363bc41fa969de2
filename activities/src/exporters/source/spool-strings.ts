import { fstatSync, openSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../../tables/duckdb.ts';
import { plainPlaces } from './plain-places.ts';
import { type Encoding, SpooledStrings } from './spooled-strings.ts';

/** No dictionary and no compression: every string lies in the file as it is. */
const PLAIN =
  'FORMAT parquet, PARQUET_VERSION V1, COMPRESSION uncompressed, STRING_DICTIONARY_PAGE_SIZE_LIMIT 1, WRITE_BLOOM_FILTER false';
const ENCODED: Readonly<Record<Encoding, string>> = { json: 'to_json(t)::VARCHAR', plain: 't' };

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
  await connection.run(
    `COPY (SELECT ${ENCODED[encoding]} AS t FROM (${select})) TO ${sqlText(path)} (${PLAIN})`,
  );
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  return new SpooledStrings(encoding, file, size, await plainPlaces(file, rows, size), memory);
}
