import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import type { Value } from '../tables/column-edges.ts';
import {
  type ContentField,
  type ContentShards,
  type Contents,
  distinctIds,
  selectContents,
} from '../tables/contents.ts';
import type { DenseColumns } from '../tables/dense-rows.ts';
import { registerRows } from '../tables/row-function.ts';
import type { RowSource } from '../tables/row-source.ts';
import { SpooledTexts } from '../tables/spooled-texts.ts';
import type { Column } from '../tables/table-schema.ts';

/** Which string of which content a published column holds; null: the dense number itself. */
interface Looked {
  readonly name: string;
  readonly values: Int32Array;
  readonly lookup: { readonly contents: Contents; readonly field: ContentField } | null;
}

/**
 * The rows of a table of texts: strings lie in local files and are put into the rows as DuckDB asks for them, so that
 * memory grows neither with the texts nor with the rows.
 */
export async function textSource(
  connection: DuckDBConnection,
  directory: string,
  columns: readonly Column[],
  dense: DenseColumns,
  contents: Readonly<Record<Contents, ContentShards>>,
  signal: AbortSignal,
  onRows: (done: number) => void,
): Promise<RowSource> {
  const looked = columns.map(({ name }) => lookedUp(name, dense));
  const spools = new Map<string, SpooledTexts>();
  const close = (): void => {
    for (const texts of spools.values()) texts.close();
  };
  try {
    for (const { lookup } of looked) {
      const key = lookup && `${lookup.contents} ${lookup.field}`;
      if (!lookup || !key || spools.has(key)) continue;
      const ids = idsOf(looked, lookup.contents);
      const select = await selectContents(connection, contents[lookup.contents], ids, [lookup.field], signal);
      const path = join(directory, key.replace(' ', '-'));
      spools.set(key, await SpooledTexts.spool(connection, path, ids, select));
    }
  } catch (error) {
    close();
    throw error;
  }
  const rowColumns = looked.map(({ name, values, lookup }) => ({
    name,
    values,
    texts: lookup && spools.get(`${lookup.contents} ${lookup.field}`)!,
  }));
  const bytesPerRow = rowColumns.reduce((sum, { texts }) => sum + (texts?.meanBytes ?? 4), 0);
  const rows = looked[0]!.values.length;
  const { failure } = registerRows(connection, 'table_rows', rowColumns, rows, bytesPerRow, onRows);
  const rowsAt = (places: readonly number[]): Promise<ReadonlyMap<number, Value[]>> =>
    lookAgain(connection, looked, contents, places, signal);
  return { from: 'table_rows()', bytesPerRow, rowsAt, failure, close };
}

function lookedUp(name: string, dense: DenseColumns): Looked {
  const column = (of: string, contents?: Contents, field: ContentField = 'text'): Looked => {
    const values = dense[of];
    if (!(values instanceof Int32Array))
      throw new QuarryError('BadArtefact', `no dense column ${of} for ${name}`);
    return { name, values, lookup: contents ? { contents, field } : null };
  };
  switch (name) {
    case 'anchor':
    case 'query':
      return column('query', 'queries');
    case 'query_id':
      return column('query', 'queries', 'id');
    case 'positive_id':
      return column('positive', 'documents', 'id');
    case 'cluster':
    case 'position':
      return column(name);
    default:
      return column(name, 'documents');
  }
}

/** Ids of one side in all columns, or at some places alone. */
function idsOf(looked: readonly Looked[], contents: Contents, places?: readonly number[]): Int32Array {
  const arrays = looked.filter(({ lookup }) => lookup?.contents === contents).map(({ values }) => values);
  const chosen = places ? arrays.map((ids) => Int32Array.from(places, (place) => ids[place]!)) : arrays;
  return distinctIds(chosen);
}

/** Rows as the plan's Parquet gives them, not the local files: what was written is compared with it. */
async function lookAgain(
  connection: DuckDBConnection,
  looked: readonly Looked[],
  contents: Readonly<Record<Contents, ContentShards>>,
  places: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Value[]>> {
  const fields: readonly ContentField[] = ['id', 'text'];
  const found = { documents: new Map<number, Value[]>(), queries: new Map<number, Value[]>() };
  for (const side of ['documents', 'queries'] as const) {
    const select = await selectContents(
      connection,
      contents[side],
      idsOf(looked, side, places),
      fields,
      signal,
    );
    if (select === null) continue;
    const rows = (await connection.runAndReadAll(select)).getRows();
    for (const [id, ...values] of rows) found[side].set(id as number, values as Value[]);
  }
  const value = ({ values, lookup }: Looked, place: number): Value => {
    const number = values[place]!;
    if (!lookup) return number;
    return found[lookup.contents].get(number)?.[fields.indexOf(lookup.field)] ?? null;
  };
  return new Map(places.map((place) => [place, looked.map((column) => value(column, place))]));
}
