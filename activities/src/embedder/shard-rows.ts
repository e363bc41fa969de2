import { DuckDBBlobValue, type DuckDBConnection } from '@duckdb/node-api';
import type { Side } from '@quarry/workflows';
import type { RowImage } from '../dataset/row-content.ts';
import { QuarryError } from '../failures.ts';
import { openDuckDb, sqlText } from '../tables/duckdb.ts';

/** One row of a shard. */
export interface ShardRow {
  /** The input's own id, for messages. */
  readonly id: string;
  /** '' where there is only an image. */
  readonly text: string;
  readonly image: RowImage | null;
  /** Source row of its first occurrence. */
  readonly row: number;
}

/**
 * The rows of one shard's Parquet file (see PLAN_FILES), in order, in chunks of about 2,048; memory is bounded by a
 * row group (images that the input brought as bytes lie in it).
 *
 * @param first dense id of the shard's first row
 * @throws QuarryError BadArtefact where the dense ids are not consecutive
 */
export async function* shardRows(
  parquet: string,
  side: Side,
  first: number,
  directory: string,
): AsyncGenerator<readonly ShardRow[]> {
  const database = await openDuckDb({ directory, threads: 1, memoryLimit: '200MB' });
  try {
    const images = await imageColumns(database.connection, parquet);
    const result = await database.connection.stream(
      `SELECT ${side}, id, text, row, ${images} FROM read_parquet(${sqlText(parquet)})`,
    );
    let expected = first;
    for await (const rows of result.yieldRows()) {
      yield rows.map(([dense, id, text, row, path, sha256, bytes]) => {
        if (Number(dense) !== expected++) {
          throw new QuarryError(
            'BadArtefact',
            `${parquet}: ${side} ${dense} where ${expected - 1} was expected; clear the cache and start the job again`,
          );
        }
        const image: RowImage | null =
          sha256 === null
            ? null
            : {
                sha256: String(sha256),
                path: path === null ? null : String(path),
                bytes: bytes instanceof DuckDBBlobValue ? bytes.bytes : null,
              };
        return { id: String(id), text: String(text), image, row: Number(row) };
      });
    }
  } finally {
    database.close();
  }
}

/** The columns of images, as nulls where the side has none. */
async function imageColumns(connection: DuckDBConnection, parquet: string): Promise<string> {
  const described = await connection.runAndReadAll(
    `DESCRIBE SELECT * FROM read_parquet(${sqlText(parquet)})`,
  );
  const has = described.getColumns()[0]!.includes('image_sha256');
  return has ? 'image, image_sha256, image_bytes' : 'NULL, NULL, NULL';
}
