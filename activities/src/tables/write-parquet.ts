import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job } from '@quarry/workflows';
import { sqlText } from './duckdb.ts';
import { rowsAtOnce } from './row-function.ts';
import type { RowSource } from './row-source.ts';
import { type Column, huggingFaceMetadata } from './table-schema.ts';

/** DuckDB rounds row groups to its vector size. */
const VECTOR_ROWS = 2048;
/** Its default, 60 vectors. */
const MOST_ROWS = 122_880;
/** Uncompressed bytes of a row group: what a reader (and our own reading back) holds at a time. */
const ROW_GROUP_BYTES = 32 * 1024 * 1024;

export interface ParquetFile {
  readonly columns: readonly Column[];
  readonly compression: Job['output']['compression'];
  /** Absolute local path. */
  readonly path: string;
}

/**
 * Writes one Parquet file, format V1, in the order of the rows. Its bytes depend on the rows alone, not on DuckDB's
 * threads: the order is total, DuckDB preserves it (`preserve_insertion_order`), and row groups are of fixed length.
 */
export async function writeParquet(
  connection: DuckDBConnection,
  source: RowSource,
  { columns, compression, path }: ParquetFile,
): Promise<void> {
  const images = columns.some(({ type }) => type === 'image');
  const copy = `
    COPY (SELECT ${columnList(columns)} FROM ${source.from})
    TO ${sqlText(path)} (
      FORMAT parquet, PARQUET_VERSION V1, COMPRESSION ${compression},
      ROW_GROUP_SIZE ${images ? imageRowGroup(source.bytesPerRow) : rowGroupRows(source.bytesPerRow)},
      KV_METADATA {huggingface: ${sqlText(huggingFaceMetadata(columns))}})`;
  await connection.run(copy).catch((error) => {
    throw source.failure() ?? error;
  });
}

/** Bytes of a local file's column chunks before compression. */
export async function uncompressedSize(connection: DuckDBConnection, path: string): Promise<number> {
  const reader = await connection.runAndReadAll(
    `SELECT coalesce(sum(total_uncompressed_size), 0)::DOUBLE FROM parquet_metadata(${sqlText(path)})`,
  );
  return reader.getRows()[0]![0] as number;
}

/** Out of a row source: an image is put together of its bytes and its path, null where it has neither. */
function columnList(columns: readonly Column[]): string {
  return columns
    .map(({ name, type }) =>
      type === 'image'
        ? `CASE WHEN "${name}.bytes" IS NULL AND "${name}.path" IS NULL THEN NULL
           ELSE struct_pack(bytes := "${name}.bytes", path := "${name}.path") END AS "${name}"`
        : `"${name}"`,
    )
    .join(', ');
}

/** With images a row group is of as many rows as come to 32 MiB: 2,048 of them would be gigabytes. */
function imageRowGroup(bytesPerRow: number): number {
  const step = rowsAtOnce(bytesPerRow);
  const steps = Math.floor(ROW_GROUP_BYTES / Math.max(1, bytesPerRow) / step);
  return Math.min(MOST_ROWS, Math.max(1, steps) * step);
}

/** Rows of a row group for rows of this many bytes on average, uncompressed: 2,048 to 122,880. */
export function rowGroupRows(bytesPerRow: number): number {
  const fitting = Math.floor(ROW_GROUP_BYTES / Math.max(1, bytesPerRow) / VECTOR_ROWS) * VECTOR_ROWS;
  return Math.min(MOST_ROWS, Math.max(VECTOR_ROWS, fitting));
}
