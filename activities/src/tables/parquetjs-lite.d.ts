/** The parts of parquetjs-lite 0.8.7 that are used; the package has no types of its own. */

declare module 'parquetjs-lite' {
  export interface ColumnChunk {
    readonly meta_data: {
      readonly path_in_schema: readonly string[];
      readonly type: number;
      readonly codec: number;
      readonly num_values: number | { valueOf(): number };
      readonly total_compressed_size: number | { valueOf(): number };
      readonly data_page_offset: number | { valueOf(): number };
      readonly dictionary_page_offset: number | { valueOf(): number } | null;
    };
  }

  export interface RowGroup {
    readonly num_rows: number | { valueOf(): number };
    readonly columns: readonly ColumnChunk[];
  }

  export interface ParquetField {
    readonly name: string;
    readonly path: readonly string[];
    /** undefined: a struct */
    readonly primitiveType?: string;
    readonly originalType?: string;
    readonly dLevelMax: number;
    readonly rLevelMax: number;
  }

  export class ParquetEnvelopeReader {
    constructor(
      read: (offset: number, length: number) => Promise<Buffer>,
      close: () => void,
      fileSize: number,
    );
    read(offset: number, length: number): Promise<Buffer>;
  }

  export class ParquetReader {
    static openEnvelopeReader(
      envelope: ParquetEnvelopeReader,
      options?: { rawStatistics?: boolean },
    ): Promise<ParquetReader>;
    readonly metadata: {
      readonly version: number;
      readonly num_rows: number | { valueOf(): number };
      readonly row_groups: readonly RowGroup[];
    };
    readonly schema: { readonly fieldList: readonly ParquetField[] };
    getMetadata(): Record<string, string>;
    close(): Promise<void>;
  }
}

declare module 'parquetjs-lite/gen-nodejs/parquet_types.js' {
  export class PageHeader {
    constructor(fields?: object);
    readonly type: number;
    readonly compressed_page_size: number;
    readonly data_page_header: { readonly num_values: number; readonly encoding: number } | null;
    readonly dictionary_page_header: { readonly num_values: number } | null;
  }
  export class DataPageHeader {
    constructor(fields: object);
  }
  export class SchemaElement {
    constructor(fields: object);
  }
  export class ColumnMetaData {
    constructor(fields: object);
    readonly total_compressed_size: number;
  }
  export class ColumnChunk {
    constructor(fields: object);
    readonly meta_data: ColumnMetaData;
  }
  export class RowGroup {
    constructor(fields: object);
  }
  export class FileMetaData {
    constructor(fields: object);
  }
  export const ConvertedType: Readonly<Record<string, number>>;
  export const FieldRepetitionType: Readonly<Record<'REQUIRED' | 'OPTIONAL' | 'REPEATED', number>>;
  export const Type: Readonly<Record<string, number>>;
  export const Encoding: Readonly<Record<string, number>>;
  export const PageType: Readonly<Record<string, number>>;
  export const CompressionCodec: Readonly<Record<string, number>>;
}

declare module 'parquetjs-lite/lib/util.js' {
  export function decodeThrift(into: object, bytes: Buffer): number;
  export function serializeThrift(from: object): Buffer;
  export function getThriftEnum(names: Readonly<Record<string, number>>, value: number): string;
}

declare module 'parquetjs-lite/lib/compression.js' {
  export function inflate(method: string, bytes: Buffer): Buffer;
}

declare module 'parquetjs-lite/lib/codec/index.js' {
  export const PLAIN: {
    decodeValues(
      type: string,
      cursor: { buffer: Buffer; offset: number },
      count: number,
      options: object,
    ): (Buffer | number | bigint)[];
  };
}
