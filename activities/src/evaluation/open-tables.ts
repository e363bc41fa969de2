import type { DuckDBConnection } from '@duckdb/node-api';
import { DOUBLE, INTEGER } from '@duckdb/node-api';
import type { Job, Table } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { candidatesDirectory } from '../stages/candidate-lists.ts';
import { PLAN_FILES, type RunDocument, shardFile, unitDirectory } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { sqlText } from '../tables/duckdb.ts';
import { DuckDbAppender } from '../tables/duckdb-appender.ts';
import { decodeNpy, type NpyArray } from '../tables/npy.ts';

/** A committed run, as the command found it. */
export interface CommittedRun {
  readonly runId: string;
  /** URI of the run's directory. */
  readonly directory: string;
  /** Relative paths of the published files. */
  readonly files: readonly string[];
  /** How the run was done; null where its cache is gone. */
  readonly document: RunDocument | null;
  /** URI of the cache in which `document` lies. */
  readonly cache: string;
}

/** What there is to evaluate: the tables as views of their names, and what the cache adds. */
export interface OpenTables {
  readonly job: Pick<Job, 'mining'>;
  readonly tables: ReadonlySet<Table>;
  /** `documents` and `queries` (dense id, id, text) are there as views. */
  readonly texts: boolean;
  /** `positives` (query_id, score: mean over the query's positives) is there as a table. */
  readonly positives: boolean;
}

/**
 * Makes views of a run's tables; of its texts and its positives' scores where the cache still has them.
 *
 * Memory: DuckDB's limit, and 8 bytes per pair of one query shard.
 *
 * @throws QuarryError BadJob where the run published no `candidates`
 */
export async function openTables(
  context: StageContext,
  connection: DuckDBConnection,
  run: CommittedRun,
): Promise<OpenTables> {
  const tables = new Set<Table>();
  for (const table of ['candidates', 'n-tuple', 'clusters'] as const) {
    const paths = run.files.filter((path) => path.startsWith(`data/${table}/`));
    if (paths.length === 0) continue;
    const uris = paths.map((path) => `${run.directory}/${path}`);
    await view(context, connection, table, uris);
    tables.add(table);
  }
  if (!tables.has('candidates')) {
    throw new QuarryError(
      'BadJob',
      `${run.runId} was mined without the table candidates, in which scores and verdicts lie; add it to output.tables and run the job again: only writing is left to do`,
    );
  }
  const texts = await openTexts(context, connection, run);
  return {
    job: await readJob(context, run),
    tables,
    texts,
    positives: texts && (await openPositives(context, connection, run, run.document!)),
  };
}

async function readJob(context: StageContext, { directory }: CommittedRun): Promise<Pick<Job, 'mining'>> {
  const uri = `${directory}/job.json`;
  return JSON.parse(new TextDecoder().decode(await context.openStore(uri).read(uri))) as Job;
}

async function openTexts(
  context: StageContext,
  connection: DuckDBConnection,
  { document, cache }: CommittedRun,
): Promise<boolean> {
  if (!document) return false;
  const directory = unitDirectory(cache, 'plan', document.planKey);
  const { documentShards, queryShards } = document.plan;
  for (const [side, shards] of [
    ['documents', documentShards],
    ['queries', queryShards],
  ] as const) {
    const uris = shards.map((_, shard) => `${directory}/${shardFile(side, shard)}`);
    const sizes = await Promise.all(uris.map((uri) => context.openStore(uri).size(uri)));
    if (sizes.includes(null)) return false;
    await view(context, connection, side, uris);
  }
  return true;
}

/** The scores of known positives lie in the outputs of `merge`, whether they were retrieved or not. */
async function openPositives(
  context: StageContext,
  connection: DuckDBConnection,
  { cache }: CommittedRun,
  run: RunDocument,
): Promise<boolean> {
  const read = async <A extends NpyArray>(uri: string): Promise<A | null> => {
    const bytes = await context.openStore(uri).readIfPresent(uri);
    return bytes && decodeNpy<A>(bytes, uri).data;
  };
  const bounds = await read<Int32Array>(
    `${unitDirectory(cache, 'plan', run.planKey)}/${PLAN_FILES.queryPairs}`,
  );
  if (!bounds) return false;
  const appender = await DuckDbAppender.createTable(connection, 'positive_scores', {
    query: INTEGER,
    score: DOUBLE,
  });
  let whole = true;
  for (const [shard, { start, end }] of run.plan.queryShards.entries()) {
    const uri = `${candidatesDirectory(cache, run, shard)}/positive-scores.npy`;
    const scores = await read<Float32Array>(uri);
    whole &&= scores !== null;
    if (!scores) break;
    for (let query = start; query < end; query++) {
      const [from, to] = [bounds[query]! - bounds[start]!, bounds[query + 1]! - bounds[start]!];
      let sum = 0;
      for (let pair = from; pair < to; pair++) sum += scores[pair]!;
      appender.add(query, sum / (to - from));
    }
  }
  appender.close();
  if (!whole) return false;
  await connection.run(
    'CREATE VIEW positives AS SELECT q.id AS query_id, p.score FROM positive_scores p JOIN queries q USING (query)',
  );
  return true;
}

async function view(
  context: StageContext,
  connection: DuckDBConnection,
  name: string,
  uris: readonly string[],
): Promise<void> {
  const files: string[] = [];
  for (const uri of uris) files.push(await context.openStore(uri).localCopy(uri, context.scratch));
  await connection.run(
    `CREATE VIEW "${name}" AS SELECT * FROM read_parquet([${files.map(sqlText).join(', ')}])`,
  );
}
