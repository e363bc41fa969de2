import { type QueryVerdicts, readQueryVerdicts } from '@quarry/activities/inspection/query-verdicts';
import { type Content, type ContentReading, readContents } from '@quarry/activities/inspection/read-contents';
import { arrangeKey, offsetsFile } from '@quarry/activities/stages/arrangement';
import {
  planDirectory,
  type RunDocument,
  shardFile,
  unitDirectory,
} from '@quarry/activities/stages/run-document';
import { sqlText } from '@quarry/activities/tables/duckdb';
import { readNpyRows } from '@quarry/activities/tables/npy-rows';
import { SparseParquet } from '@quarry/activities/tables/sparse-parquet';
import type { RunRef } from '@quarry/workflows';

/** What the cache says of one query, and the texts of everything in it, by dense id. */
export interface CachedQuery {
  readonly verdicts: QueryVerdicts;
  readonly queries: ReadonlyMap<number, Content>;
  readonly documents: ReadonlyMap<number, Content>;
}

/**
 * Finds a query by the place of its first row in `candidates`, and reads its texts; some row groups of the plan are all
 * that is fetched. Errors `BadArtefact` where the cache was cleared.
 */
export async function readCachedQuery(
  reading: ContentReading,
  unit: RunRef,
  run: RunDocument,
  id: string,
  row: number,
): Promise<CachedQuery | null> {
  const query = await denseQuery(reading, unit, run, id, await shardOfRow(reading, unit, run, row));
  if (query === null) return null;
  const verdicts = await readQueryVerdicts(reading, unit, run, query);
  const owners = verdicts.candidates.flatMap(({ owner }) => (owner === null ? [] : [owner]));
  const documents = [...verdicts.positives, ...verdicts.candidates].map(({ document }) => document);
  return {
    verdicts,
    queries: await readContents(reading, unit, run, 'queries', [query, ...owners]),
    documents: await readContents(reading, unit, run, 'documents', documents),
  };
}

/** The query shard whose candidates stand at this row of the table. */
async function shardOfRow(
  { openStore }: ContentReading,
  { cache }: RunRef,
  run: RunDocument,
  row: number,
): Promise<number> {
  const uri = `${unitDirectory(cache, 'arrange', arrangeKey(run))}/${offsetsFile('candidates')}`;
  const { data } = await readNpyRows<Float64Array>(openStore(uri), uri);
  return data.findLastIndex((first) => first <= row);
}

async function denseQuery(
  { connection, openStore, scratch }: ContentReading,
  unit: RunRef,
  run: RunDocument,
  id: string,
  shard: number,
): Promise<number | null> {
  const uri = `${planDirectory(unit, run)}/${shardFile('queries', shard)}`;
  const file = await SparseParquet.open(connection, openStore(uri), uri, scratch);
  await file.fetch(file.groups.map(({ group }) => group));
  const reader = await connection.runAndReadAll(
    `SELECT query FROM read_parquet(${sqlText(file.path)}) WHERE id = ${sqlText(id)} LIMIT 1`,
  );
  const [found] = reader.getRows();
  return found ? (found[0] as number) : null;
}
