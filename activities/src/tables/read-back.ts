import parquet, { type ParquetField, type ParquetReader, type RowGroup } from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import { QuarryError } from '../failures.ts';
import type { Store } from '../storage/store.ts';
import { columnEdges, type Value } from './column-edges.ts';
import { leafColumns } from './leaf-columns.ts';
import type { Column } from './table-schema.ts';

/** What an independent reader found in a Parquet object, by ranged reads of the object where it now lies. */
export interface ReadBack {
  readonly rows: number;
  /** Rows of every row group, in order. */
  readonly rowGroups: readonly number[];
  /** First and last row of every row group, in order; null where parquetjs-lite cannot decompress (zstd). */
  readonly edges: readonly (readonly Value[])[] | null;
}

const PARQUET_TYPES = {
  string: 'BYTE_ARRAY UTF8',
  int32: 'INT32 INT_32',
  float32: 'FLOAT',
  binary: 'BYTE_ARRAY',
} as const;

/**
 * Reads footer, schema and row groups back with parquetjs-lite through the store's own ranged reads. Throws
 * `BadArtefact` where the object is no Parquet, or not of these columns. Memory: one column of one row group.
 */
export async function readBack(
  store: Store,
  uri: string,
  bytes: number,
  columns: readonly Column[],
  signal: AbortSignal,
): Promise<ReadBack> {
  const read = async (offset: number, length: number): Promise<Buffer> => {
    signal.throwIfAborted();
    const range = await store.readRange(uri, offset, offset + length);
    return Buffer.from(range.buffer, range.byteOffset, range.byteLength);
  };
  const envelope = new parquet.ParquetEnvelopeReader(read, () => undefined, bytes);
  try {
    const reader = await parquet.ParquetReader.openEnvelopeReader(envelope, { rawStatistics: true });
    checkSchema(reader, columns);
    const groups = reader.metadata.row_groups;
    return {
      rows: Number(reader.metadata.num_rows),
      rowGroups: groups.map((group) => Number(group.num_rows)),
      edges: decodable(groups) ? await edgesOf(read, reader, groups) : null,
    };
  } catch (error) {
    if (signal.aborted || error instanceof QuarryError) throw error;
    throw new QuarryError(
      'BadArtefact',
      `${uri}: parquetjs-lite cannot read back what was written: ${error}`,
      {
        cause: error,
      },
    );
  }
}

function checkSchema(reader: ParquetReader, columns: readonly Column[]): void {
  const found = leafFields(reader).map(({ path, primitiveType, originalType }) =>
    [path.join('.'), primitiveType, originalType].filter(Boolean).join(' '),
  );
  const expected = leafColumns(columns).map(({ path, type }) => `${path} ${PARQUET_TYPES[type]}`);
  if (found.join() !== expected.join()) {
    throw new Error(`the columns are ${found.join(', ')}; expected ${expected.join(', ')}`);
  }
}

/** The fields that hold values. */
function leafFields({ schema }: ParquetReader): readonly ParquetField[] {
  return schema.fieldList.filter(({ primitiveType }) => primitiveType !== undefined);
}

function decodable(groups: readonly RowGroup[]): boolean {
  const codecs = [thrift.CompressionCodec.UNCOMPRESSED, thrift.CompressionCodec.SNAPPY];
  return groups.every(({ columns }) => columns.every(({ meta_data }) => codecs.includes(meta_data.codec)));
}

async function edgesOf(
  read: (offset: number, length: number) => Promise<Buffer>,
  reader: ParquetReader,
  groups: readonly RowGroup[],
): Promise<Value[][]> {
  const edges: Value[][] = [];
  const fields = leafFields(reader);
  for (const group of groups) {
    const first: Value[] = [];
    const last: Value[] = [];
    for (const [i, chunk] of group.columns.entries()) {
      const {
        dictionary_page_offset: dictionary,
        data_page_offset: data,
        total_compressed_size: size,
      } = chunk.meta_data;
      const bytes = await read(Number(dictionary ?? data), Number(size));
      const [head, tail] = columnEdges(bytes, chunk, fields[i]!);
      first.push(head);
      last.push(tail);
    }
    edges.push(first, last);
  }
  return edges;
}
