import type { DuckDBConnection } from '@duckdb/node-api';
import type { Range } from '@quarry/workflows';
import { appendDenseRows } from './dense-rows.ts';
import { sqlText } from './duckdb.ts';

export type Contents = 'documents' | 'queries';
export type ContentField = 'id' | 'text' | 'image' | 'image_sha256' | 'image_bytes';

/** Where the plan's documents or queries lie. */
export interface ContentShards {
  readonly contents: Contents;
  readonly shards: readonly Range[];
  /** A local path to one shard's Parquet; asked only for shards that hold wanted rows. */
  readonly file: (shard: number) => Promise<string>;
}

let tables = 0;

/**
 * A SELECT that yields the wanted rows as (dense id, fields ...), in no particular order; null where none are wanted. It
 * reads every shard that holds one of them.
 *
 * @param wanted dense ids, ascending, without repeats
 */
export async function selectContents(
  connection: DuckDBConnection,
  { contents, shards, file }: ContentShards,
  wanted: Int32Array,
  fields: readonly ContentField[],
  signal: AbortSignal,
): Promise<string | null> {
  if (wanted.length === 0) return null;
  const id = contents === 'documents' ? 'document' : 'query';
  const table = `wanted_${tables++}`;
  await appendDenseRows(connection, table, { x: wanted }, signal);
  const files = await Promise.all(shardsWanted(shards, wanted).map(file));
  return `
    SELECT ${[id, ...fields].join(', ')} FROM read_parquet([${files.map(sqlText).join(', ')}])
    WHERE ${id} IN (SELECT x FROM ${table})`;
}

function shardsWanted(shards: readonly Range[], wanted: Int32Array): number[] {
  const found: number[] = [];
  let at = 0;
  for (const [shard, { end }] of shards.entries()) {
    const from = at;
    while (at < wanted.length && wanted[at]! < end) at++;
    if (at > from) found.push(shard);
  }
  return found;
}

/** Ascending, without repeats and without negative ids (which stand for none). */
export function distinctIds(arrays: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const ids of arrays) {
    all.set(ids, at);
    at += ids.length;
  }
  all.sort();
  return all.filter((id, i) => id >= 0 && (i === 0 || id !== all[i - 1]));
}
