import type { Side } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { openDuckDb, sqlText } from '../tables/duckdb.ts';

/** One row of a shard. */
export interface ShardRow {
  /** The input's own id, for messages. */
  readonly id: string;
  readonly text: string;
  /** Source row of its first occurrence. */
  readonly row: number;
}

/**
 * The rows of one shard's Parquet file (see PLAN_FILES), in order, in chunks of about 2,048; memory is bounded by a
 * row group.
 *
 * @param first dense id of the shard's first row
 * @throws QuarryError BadArtefact where the dense ids are not consecutive
 */
export async function* shardTexts(
  parquet: string,
  side: Side,
  first: number,
  directory: string,
): AsyncGenerator<readonly ShardRow[]> {
  const database = await openDuckDb({ directory, threads: 1, memoryLimit: '200MB' });
  try {
    const result = await database.connection.stream(
      `SELECT ${side}, id, text, row FROM read_parquet(${sqlText(parquet)})`,
    );
    let expected = first;
    for await (const rows of result.yieldRowsJs()) {
      yield rows.map(([dense, id, text, row]) => {
        if (Number(dense) !== expected++) {
          throw new QuarryError(
            'BadArtefact',
            `${parquet}: ${side} ${dense} where ${expected - 1} was expected; clear the cache and start the job again`,
          );
        }
        return { id: String(id), text: String(text), row: Number(row) };
      });
    }
  } finally {
    database.close();
  }
}
