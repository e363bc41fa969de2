import { closeSync, openSync, writeSync } from 'node:fs';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import util from 'parquetjs-lite/lib/util.js';
import type { Json } from './json-file.ts';
import { PlainColumn, type PlainType } from './plain-column.ts';

/** A row group is written when its columns hold so many bytes, or so many rows. */
const GROUP_BYTES = 2 ** 20;
const GROUP_ROWS = 122_880;
const MAGIC = 'PAR1';
const VERSION = 1;

const TYPES: Readonly<Record<PlainType, string>> = {
  VARCHAR: 'BYTE_ARRAY',
  BIGINT: 'INT64',
  FLOAT: 'FLOAT',
  DOUBLE: 'DOUBLE',
};

interface Column {
  readonly name: string;
  readonly type: PlainType;
  readonly isList: boolean;
  readonly values: PlainColumn;
}

/**
 * Writes Parquet that is read once and thrown away: uncompressed, PLAIN, one page a column and row group, all values
 * required, no statistics. For DuckDB it is the cheapest thing to read, and strings come into it as bytes. Its page headers
 * and its footer are parquetjs-lite's. Row groups are as small as they are so that they are in a
 * processor's cache when they are written. Memory: a row group, 1 MiB or the longest row, twice while it grows.
 */
export class PlainParquet {
  readonly #file: number;
  readonly #columns: readonly Column[];
  readonly #groups: InstanceType<typeof thrift.RowGroup>[] = [];
  #rows = 0;
  #groupRows = 0;
  #written = 0;
  #bytes = 0;
  #closed = false;

  /** @param columns DuckDB's types by name; `[]` behind one makes a list */
  constructor(path: string, columns: Readonly<Record<string, PlainType | `${PlainType}[]`>>) {
    this.#file = openSync(path, 'wx');
    this.#columns = Object.entries(columns).map(([name, given]) => {
      const isList = given.endsWith('[]');
      const type = given.replace('[]', '') as PlainType;
      return { name, type, isList, values: new PlainColumn(type, isList) };
    });
    this.#write(Buffer.from(MAGIC));
  }

  get rows(): number {
    return this.#rows + this.#groupRows;
  }

  /** Of all values so far. */
  get bytes(): number {
    return this.#bytes + this.#groupBytes();
  }

  /** @param row values in the order of the columns */
  write(row: readonly Json[]): void {
    for (let i = 0; i < this.#columns.length; i++) this.#columns[i]!.values.add(row[i]!);
    this.#groupRows++;
    if (this.#groupRows >= GROUP_ROWS || this.#groupBytes() >= GROUP_BYTES) this.#endGroup();
  }

  /** The file is whole when it returns. */
  close(): void {
    if (this.#groupRows > 0) this.#endGroup();
    const footer = util.serializeThrift(
      new thrift.FileMetaData({
        version: VERSION,
        schema: schemaOf(this.#columns),
        num_rows: this.#rows,
        row_groups: this.#groups,
      }),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    for (const bytes of [footer, length, Buffer.from(MAGIC)]) this.#write(bytes);
    this.abandon();
  }

  /** Gives the file up; it may be half written. */
  abandon(): void {
    if (!this.#closed) closeSync(this.#file);
    this.#closed = true;
  }

  #groupBytes(): number {
    let bytes = 0;
    for (const { values } of this.#columns) bytes += values.bytes;
    return bytes;
  }

  #endGroup(): void {
    this.#bytes += this.#groupBytes();
    const columns = this.#columns.map((column) => this.#endChunk(column));
    const total_byte_size = columns.reduce((sum, { meta_data }) => sum + meta_data.total_compressed_size, 0);
    this.#groups.push(new thrift.RowGroup({ columns, total_byte_size, num_rows: this.#groupRows }));
    this.#rows += this.#groupRows;
    this.#groupRows = 0;
  }

  #endChunk({ name, type, isList, values }: Column): InstanceType<typeof thrift.ColumnChunk> {
    const page = values.page();
    const bytes = page.reduce((sum, piece) => sum + piece.length, 0);
    const num_values = values.count;
    const header = util.serializeThrift(
      new thrift.PageHeader({
        type: thrift.PageType.DATA_PAGE,
        uncompressed_page_size: bytes,
        compressed_page_size: bytes,
        data_page_header: new thrift.DataPageHeader({
          num_values,
          encoding: thrift.Encoding.PLAIN,
          definition_level_encoding: thrift.Encoding.RLE,
          repetition_level_encoding: thrift.Encoding.RLE,
        }),
      }),
    );
    const data_page_offset = this.#written;
    for (const piece of [header, ...page]) this.#write(piece);
    values.clear();
    return new thrift.ColumnChunk({
      file_offset: data_page_offset,
      meta_data: new thrift.ColumnMetaData({
        type: thrift.Type[TYPES[type]],
        encodings: [thrift.Encoding.PLAIN, thrift.Encoding.RLE],
        path_in_schema: isList ? [name, 'list', 'element'] : [name],
        codec: thrift.CompressionCodec.UNCOMPRESSED,
        num_values,
        total_uncompressed_size: header.length + bytes,
        total_compressed_size: header.length + bytes,
        data_page_offset,
      }),
    });
  }

  #write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#written += bytes.length;
  }
}

function schemaOf(columns: readonly Column[]): InstanceType<typeof thrift.SchemaElement>[] {
  const { REQUIRED, REPEATED } = thrift.FieldRepetitionType;
  const element = (fields: object): InstanceType<typeof thrift.SchemaElement> =>
    new thrift.SchemaElement(fields);
  const value = (name: string, type: PlainType): InstanceType<typeof thrift.SchemaElement> =>
    element({
      name,
      type: thrift.Type[TYPES[type]],
      repetition_type: REQUIRED,
      ...(type === 'VARCHAR' && { converted_type: thrift.ConvertedType.UTF8 }),
    });
  return [
    element({ name: 'root', num_children: columns.length }),
    ...columns.flatMap(({ name, type, isList }) =>
      isList
        ? [
            element({
              name,
              num_children: 1,
              repetition_type: REQUIRED,
              converted_type: thrift.ConvertedType.LIST,
            }),
            element({ name: 'list', num_children: 1, repetition_type: REPEATED }),
            value('element', type),
          ]
        : [value(name, type)],
    ),
  ];
}
