import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job } from '@quarry/workflows';
import { sqlText } from './duckdb.ts';
import { type Column, huggingFaceMetadata } from './table-schema.ts';

/** DuckDB rounds row groups to its vector size. */
const VECTOR_ROWS = 2048;
/** Its default, 60 vectors. */
const MOST_ROWS = 122_880;
/** Uncompressed bytes of a row group: what a reader (and our own reading back) holds at a time. */
const ROW_GROUP_BYTES = 32 * 1024 * 1024;

export interface ParquetFile {
  /** SELECT that yields `place` and the columns. */
  readonly select: string;
  readonly columns: readonly Column[];
  readonly compression: Job['output']['compression'];
  readonly rowGroupRows: number;
  /** Absolute local path. */
  readonly path: string;
}

/**
 * Writes one Parquet file, format V1, in the order of `place`. Its bytes depend on the rows alone: not on DuckDB's
 * threads, because the order is total and row groups are of fixed length.
 */
export async function writeParquet(connection: DuckDBConnection, file: ParquetFile): Promise<void> {
  await connection.run(`
    COPY (SELECT ${columnList(file.columns)} FROM (${file.select}) ORDER BY place)
    TO ${sqlText(file.path)} (
      FORMAT parquet, PARQUET_VERSION V1, COMPRESSION ${file.compression}, ROW_GROUP_SIZE ${file.rowGroupRows},
      KV_METADATA {huggingface: ${sqlText(huggingFaceMetadata(file.columns))}})`);
}

export function columnList(columns: readonly Column[]): string {
  return columns.map(({ name }) => `"${name}"`).join(', ');
}

/** Rows of a row group for rows of this many bytes on average, uncompressed: 2,048 to 122,880. */
export function rowGroupRows(bytesPerRow: number): number {
  const fitting = Math.floor(ROW_GROUP_BYTES / Math.max(1, bytesPerRow) / VECTOR_ROWS) * VECTOR_ROWS;
  return Math.min(MOST_ROWS, Math.max(VECTOR_ROWS, fitting));
}
