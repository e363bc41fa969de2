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
import { SpooledImages } from '../tables/spooled-images.ts';
import { SpooledTexts } from '../tables/spooled-texts.ts';
import { type Column, contentName } from '../tables/table-schema.ts';
import type { ImagePublisher } from './publish-image.ts';

/** Which string or image of which content a published column holds; null: the dense number itself. */
interface Looked {
  readonly name: string;
  readonly values: Int32Array;
  readonly lookup: { readonly contents: Contents; readonly field: 'id' | 'text' | 'image' } | null;
}

export interface ContentRows {
  readonly columns: readonly Column[];
  readonly dense: DenseColumns;
  readonly contents: Readonly<Record<Contents, ContentShards>>;
  readonly publish: ImagePublisher;
  readonly signal: AbortSignal;
  readonly onRows: (done: number) => void;
}

const IMAGE_FIELDS: readonly ContentField[] = ['image', 'image_sha256', 'image_bytes'];

/**
 * The rows of a table of contents: strings and images lie in local files and are put into the rows as DuckDB asks for
 * them, so that memory grows neither with the contents nor with the rows.
 */
export async function contentSource(
  connection: DuckDBConnection,
  directory: string,
  { columns, dense, contents, publish, signal, onRows }: ContentRows,
): Promise<RowSource> {
  const looked = columns.map((column) => lookedUp(column, dense));
  const texts = new Map<string, SpooledTexts>();
  const images = new Map<string, SpooledImages>();
  const close = (): void => {
    for (const spool of [...texts.values(), ...images.values()]) spool.close();
  };
  try {
    for (const { lookup } of looked) {
      const key = keyOf(lookup);
      if (!lookup || texts.has(key) || images.has(key)) continue;
      const { contents: side, field } = lookup;
      const ids = idsOf(looked, side);
      const fields = field === 'image' ? IMAGE_FIELDS : [field];
      const select = await selectContents(connection, contents[side], ids, fields, signal);
      const path = join(directory, key.replace(' ', '-'));
      if (field === 'image') {
        images.set(key, await SpooledImages.spool(connection, path, ids, select, publish.publish));
      } else {
        const mixed = looked.some((other) => keyOf(other.lookup) === `${side} image`);
        texts.set(key, await SpooledTexts.spool(connection, path, ids, select, mixed && field === 'text'));
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  const rowColumns = looked.map(({ name, values, lookup }) => ({
    name,
    values,
    texts: texts.get(keyOf(lookup)) ?? null,
    images: images.get(keyOf(lookup)) ?? null,
  }));
  const bytesPerRow = rowColumns.reduce(
    (sum, column) => sum + ((column.texts ?? column.images)?.meanBytes ?? 4),
    0,
  );
  const rows = looked[0]!.values.length;
  const { failure } = registerRows(connection, 'table_rows', rowColumns, rows, bytesPerRow, onRows);
  const rowsAt = (places: readonly number[]): Promise<ReadonlyMap<number, Value[]>> =>
    lookAgain(connection, looked, contents, publish, places, signal);
  return { from: 'table_rows()', bytesPerRow, rowsAt, failure, close };
}

function keyOf(lookup: Looked['lookup']): string {
  return lookup ? `${lookup.contents} ${lookup.field}` : '';
}

function lookedUp(column: Column, dense: DenseColumns): Looked {
  const name = contentName(column);
  const field = column.type === 'image' ? 'image' : 'text';
  const looked = (of: string, contents?: Contents, what: 'id' | 'text' | 'image' = field): Looked => {
    const values = dense[of];
    if (!(values instanceof Int32Array))
      throw new QuarryError('BadArtefact', `no dense column ${of} for ${column.name}`);
    return { name: column.name, values, lookup: contents ? { contents, field: what } : null };
  };
  switch (name) {
    case 'anchor':
    case 'query':
      return looked('query', 'queries');
    case 'query_id':
      return looked('query', 'queries', 'id');
    case 'positive_id':
      return looked('positive', 'documents', 'id');
    case 'cluster':
    case 'position':
    case 'missing':
      return looked(name);
    default:
      return looked(name, 'documents');
  }
}

/** Ids of one side in all columns, or at some places alone. */
function idsOf(looked: readonly Looked[], contents: Contents, places?: readonly number[]): Int32Array {
  const arrays = looked.filter(({ lookup }) => lookup?.contents === contents).map(({ values }) => values);
  const chosen = places ? arrays.map((ids) => Int32Array.from(places, (place) => ids[place]!)) : arrays;
  return distinctIds(chosen);
}

/** A content as reading a table back must show it. */
interface Shown {
  readonly id: Value;
  readonly text: Value;
  /** sha256 of the bytes, and the path. */
  readonly image: readonly [Value, Value];
}

/** Rows as the plan's Parquet gives them, not the local files: what was written is compared with it. */
async function lookAgain(
  connection: DuckDBConnection,
  looked: readonly Looked[],
  contents: Readonly<Record<Contents, ContentShards>>,
  { expected }: ImagePublisher,
  places: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Value[]>> {
  const found = { documents: new Map<number, Shown>(), queries: new Map<number, Shown>() };
  for (const side of ['documents', 'queries'] as const) {
    const images = looked.some(({ lookup }) => keyOf(lookup) === `${side} image`);
    const fields: readonly ContentField[] = images ? ['id', 'text', ...IMAGE_FIELDS] : ['id', 'text'];
    const ids = idsOf(looked, side, places);
    const select = await selectContents(connection, contents[side], ids, fields, signal);
    if (select === null) continue;
    const rows = (await connection.runAndReadAll(select)).getRows();
    for (const [dense, id, text, path, sha256, bytes] of rows) {
      const image =
        images && sha256 !== null
          ? expected({ path: path as string | null, sha256: String(sha256), stored: bytes !== null })
          : ([null, null] as const);
      const shownText = images && text === '' ? null : text;
      found[side].set(dense as number, { id: id as string, text: shownText as string | null, image });
    }
  }
  const values = ({ values: dense, lookup }: Looked, place: number): readonly Value[] => {
    const number = dense[place]!;
    if (!lookup) return [number];
    const shown = found[lookup.contents].get(number);
    if (lookup.field === 'image') return shown?.image ?? [null, null];
    return [shown?.[lookup.field] ?? null];
  };
  return new Map(places.map((place) => [place, looked.flatMap((column) => values(column, place))]));
}
