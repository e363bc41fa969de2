import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { Value } from './column-edges.ts';
import { sqlText } from './duckdb.ts';
import { leafColumns, leafList } from './leaf-columns.ts';
import { readBack } from './read-back.ts';
import type { RowSource } from './row-source.ts';
import { rowsByPlace } from './rows-by-place.ts';
import type { Column } from './table-schema.ts';

/** A file where it now lies, with what it was written from. */
export interface PutFile {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly uri: string;
  readonly bytes: number;
}

/**
 * Reads a file back from where it was put and compares it with what it was written from: size, rows, columns, and the
 * first and last row of every row group. parquetjs-lite does so by ranged reads of the object; where it cannot decompress
 * (zstd), DuckDB decodes the values from a local copy. Returns the name of the reader that decoded the values. Throws
 * `BadArtefact` where something differs.
 */
export async function verifyParquet(
  context: StageContext,
  connection: DuckDBConnection,
  source: RowSource,
  file: PutFile,
): Promise<'parquetjs-lite' | 'duckdb'> {
  const { uri, rows, bytes, columns } = file;
  const store = context.openStore(uri);
  const size = await store.size(uri);
  if (size !== bytes) throw differs(uri, 'size', `${size} bytes`, `${bytes} bytes`);
  const found = await readBack(store, uri, bytes, columns, context.signal);
  if (found.rows !== rows) throw differs(uri, 'footer', `${found.rows} rows`, `${rows} rows`);
  const inGroups = found.rowGroups.reduce((sum, n) => sum + n, 0);
  if (inGroups !== rows) throw differs(uri, 'row groups', `${inGroups} rows`, `${rows} rows`);

  const places = edgePlaces(found.rowGroups);
  const wanted = await source.rowsAt(places);
  const edges = found.edges ?? (await decodedByDuckDb(context, connection, file, places));
  for (const [i, place] of places.entries()) {
    const row = wanted.get(place);
    for (const [c, column] of leafColumns(columns).entries()) {
      const [is, shouldBe] = [edges[i]![c], row?.[c]];
      if (is !== shouldBe)
        throw differs(uri, `row ${place}, column ${column.path}`, shown(is), shown(shouldBe));
    }
  }
  return found.edges ? 'parquetjs-lite' : 'duckdb';
}

/** Places of the first and the last row of every row group. */
function edgePlaces(rowGroups: readonly number[]): number[] {
  const places: number[] = [];
  let first = 0;
  for (const rows of rowGroups) {
    places.push(first, first + rows - 1);
    first += rows;
  }
  return places;
}

async function decodedByDuckDb(
  context: StageContext,
  connection: DuckDBConnection,
  { uri, columns }: PutFile,
  places: readonly number[],
): Promise<Value[][]> {
  const copies = join(context.scratch, 'read-back');
  const local = await context.openStore(uri).localCopy(uri, copies);
  const rows = await rowsByPlace(
    connection,
    `SELECT file_row_number, ${leafList(columns)} FROM read_parquet(${sqlText(local)}, file_row_number = true)
     WHERE file_row_number IN (${places.join(', ')})`,
  );
  if (local.startsWith(copies)) await rm(local, { force: true });
  return places.map((place) => [...(rows.get(place) ?? [])]);
}

function shown(value: Value | undefined): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'no value';
}

function differs(uri: string, where: string, found: string, expected: string): QuarryError {
  return new QuarryError(
    'BadArtefact',
    `${uri}: read back, ${where}: ${found}; written was ${expected}. The store or the disk changed it: check them and start the job again`,
  );
}
