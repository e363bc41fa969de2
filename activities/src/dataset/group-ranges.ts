import type { DuckDBConnection } from '@duckdb/node-api';
import type { Range } from '@quarry/workflows';
import type { Group, Shard } from '../stages/run-document.ts';
import { readNumber } from '../tables/duckdb-columns.ts';

/** Each group's ranges of documents, queries, pairs and shards. Shards end where groups do. */
export async function groupRanges(
  connection: DuckDBConnection,
  names: readonly string[],
  {
    documents,
    queries,
  }: { documents: { readonly shards: readonly Shard[] }; queries: { readonly shards: readonly Shard[] } },
): Promise<Group[]> {
  const groups: Group[] = [];
  let before = { documents: 0, queries: 0, pairs: 0, documentShards: 0, queryShards: 0 };
  for (const [number, name] of names.entries()) {
    const count = (from: string): Promise<number> =>
      readNumber(connection, `SELECT count(*) FROM ${from} WHERE grp = ${number}`);
    const after = {
      documents: before.documents + (await count('documents')),
      queries: before.queries + (await count('queries')),
      pairs: before.pairs + (await count('pairs JOIN queries USING (query)')),
      documentShards: 0,
      queryShards: 0,
    };
    after.documentShards = shardsBefore(documents.shards, after.documents);
    after.queryShards = shardsBefore(queries.shards, after.queries);
    const range = (of: keyof typeof after): Range => ({ start: before[of], end: after[of] });
    groups.push({
      name,
      documents: range('documents'),
      queries: range('queries'),
      pairs: range('pairs'),
      documentShards: range('documentShards'),
      queryShards: range('queryShards'),
    });
    before = after;
  }
  return groups;
}

function shardsBefore(shards: readonly Shard[], end: number): number {
  return shards.filter((shard) => shard.end <= end).length;
}
