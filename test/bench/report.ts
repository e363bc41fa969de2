import { execFile } from 'node:child_process';
import { link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { MiningFigures } from '@quarry/activities/mining/mining-tally';
import { emptyRetrieval } from '@quarry/activities/mining/retrieval-metrics';
import { createPool } from '@quarry/activities/pool/pool';
import { arrange } from '@quarry/activities/stages/arrange';
import { readArrangement, tableShape, writeKey } from '@quarry/activities/stages/arrangement';
import { filter } from '@quarry/activities/stages/filter';
import { filterKey, measureRecallKey, mergeKey } from '@quarry/activities/stages/keys';
import { type RunDocument, shardFile, unitDirectory } from '@quarry/activities/stages/run-document';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { readDone } from '@quarry/activities/stages/unit';
import { openStore } from '@quarry/activities/storage/open-store';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { rowsPerFile } from '@quarry/activities/tables/table-schema';
import type { StageName } from '@quarry/workflows';
import { layOut, runDocument, SHARD_ROWS, writeTemplates } from './ten-million.ts';

const RUN = 'report';

/**
 * The report of ten million queries with 90 candidates each, as the stage `report` makes it in a process of its own out of 611
 * query shards: size, time, peak memory. One shard is filtered by the real stage; the others have its verdicts and figures under
 * their own numbers. The rows are arranged by the real stage, the texts are of full number, the thousand files of the
 * tables are accounts only.
 */
export async function benchReport(): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-report-'));
  const context: StageContext = {
    openStore,
    scratch: join(directory, 'scratch'),
    pool: createPool({ threads: 1 }),
    threads: 1,
    signal: new AbortController().signal,
    progress: () => {},
  };
  try {
    const unit = { cache: pathToFileURL(join(directory, 'cache')).href, run: RUN };
    const made = runDocument({ strategy: 'margin', relativeMargin: 0.05, sampling: 'random' });
    const output = { ...made.job.output, path: pathToFileURL(join(directory, 'out')).href };
    const run: RunDocument = { ...made, job: { ...made.job, output } };
    await openStore(unit.cache).write(`${unit.cache}/run/${RUN}/run.json`, encoded(run));
    await writeTexts(directory, run);
    await layOut(directory, await writeTemplates(directory), run, run.plan.queryShards.length);
    await filter(context, { ...unit, shard: 0 });
    await repeatShard(context, unit.cache, run);
    await account(context, unit, run);
    const child = fileURLToPath(new URL('build-report.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      child,
      unit.cache,
      RUN,
    ]);
    return { queries: run.plan.queries, shards: run.plan.queryShards.length, ...JSON.parse(stdout) };
  } finally {
    await context.pool.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Texts of every query and document, shard by shard as the plan has them. */
async function writeTexts(directory: string, run: RunDocument): Promise<void> {
  const database = await openDuckDb({ directory: join(directory, 'duckdb') });
  for (const side of ['query', 'document'] as const) {
    const contents = side === 'query' ? 'queries' : 'documents';
    await mkdir(join(directory, 'cache', 'plan', run.planKey, contents), { recursive: true });
    for (const [shard, { start, end }] of run.plan.queryShards.entries())
      await database.connection.run(
        `COPY (SELECT range::INTEGER AS ${side}, '${side[0]}-' || range AS id,
                 '${side} ' || range || ' ' || repeat('says a great deal ', ${side === 'query' ? 3 : 12}) AS text
               FROM range(${start}, ${end}))
         TO '${join(directory, 'cache', 'plan', run.planKey, shardFile(contents, shard))}' (FORMAT parquet)`,
      );
  }
  database.close();
}

/** Gives every shard the verdicts and figures of the first; its suspects are queries of its own. */
async function repeatShard(context: StageContext, cache: string, run: RunDocument): Promise<void> {
  const path = (shard: number): string =>
    fileURLToPath(unitDirectory(cache, 'filter', filterKey(run, shard)));
  const { figures } = await readDone(context, cache, 'filter', filterKey(run, 0));
  const { suspects } = figures as unknown as MiningFigures;
  for (const [shard, { start, end }] of run.plan.queryShards.entries()) {
    const retrieval = { default: { ...emptyRetrieval(), queries: end - start, 'hit@1': end - start } };
    await done(cache, 'merge', mergeKey(run, shard), { retrieval });
    if (shard === 0) continue;
    await mkdir(path(shard), { recursive: true });
    for (const name of ['reason.npy', 'kept.npy', 'pair.npy'])
      await link(join(path(0), name), join(path(shard), name));
    const own = suspects.map((suspect) => ({
      ...suspect,
      query: start + (suspect.query % Math.min(SHARD_ROWS, end - start)),
    }));
    await done(cache, 'filter', filterKey(run, shard), { ...figures, suspects: own });
  }
}

/** Arranges the tables, and says of each of their files that it is written. */
async function account(
  context: StageContext,
  unit: { readonly cache: string; readonly run: string },
  run: RunDocument,
): Promise<void> {
  const { cache } = unit;
  await done(cache, 'measureRecall', measureRecallKey(run), {
    ...{ engine: 'exact', sample: 1000, k: run.search.k },
    ...{ recallAtK: 1, recallAt10: 1, low: 1, high: 1 },
  });
  await arrange(context, unit);
  for (const { table, rows, parts } of await readArrangement(context, cache, run)) {
    const perFile = rowsPerFile(table, tableShape(run));
    for (let part = 0; part < parts; part++) {
      const here = Math.min(perFile, rows - part * perFile);
      await done(cache, 'write', writeKey(run, table, part), {
        path: `data/${table}/train-${part}.parquet`,
        ...{ rows: here, bytes: here * 100, uncompressedBytes: here * 300, sha256: '', readBackBy: 'duckdb' },
      });
    }
  }
}

async function done(
  cache: string,
  stage: StageName,
  key: string,
  figures: Readonly<Record<string, unknown>>,
): Promise<void> {
  const uri = `${unitDirectory(cache, stage, key)}/done.json`;
  await openStore(uri).write(uri, encoded({ stage, key, rows: 0, files: [], figures }));
}

function encoded(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
