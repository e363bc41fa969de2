import { ExactIndex } from '@quarry/activities/index/exact-index';
import { dot } from '@quarry/activities/mining/dot';
import { calibrate } from '@quarry/activities/stages/calibrate';
import { cluster } from '@quarry/activities/stages/cluster';
import { comparePairs } from '@quarry/activities/stages/compare-pairs';
import { filter } from '@quarry/activities/stages/filter';
import { hubness } from '@quarry/activities/stages/hubness';
import { metric } from '@quarry/activities/stages/metric';
import { pairVectors } from '@quarry/activities/stages/pair-vectors';
import { scoreOwners } from '@quarry/activities/stages/score-owners';
import { survey } from '@quarry/activities/stages/survey';
import type { JobInput } from '@quarry/workflows';
import { candidatesPerQuery } from '@quarry/workflows/candidates-per-query';
import { jobSchema } from '@quarry/workflows/job';
import { mixture } from '../support/write-job.ts';
import { type MiningRun, prepareMiningRun } from '../unit/mining/mining-run.ts';
import { pairsOf } from '../unit/mining/saha-problem.ts';

const DIMENSION = 384;
/** Queries per shard, as the plan cuts them. */
const SHARD_ROWS = 16_384;
const control = { aborted: false, progress: () => {} };

const PRESETS: Readonly<Record<string, NonNullable<JobInput['mining']>>> = {
  margin: { strategy: 'margin', relativeMargin: 0.05, rangeMax: 90 },
  saha: { strategy: 'saha' },
  best: { strategy: 'best' },
};

/**
 * What each strategy does between retrieval and verdicts, against the exact search that retrieved its candidates: CPU
 * seconds of the same process, one unit at a time, 50,000 queries, 50,000 documents, 384 dimensions.
 */
export async function benchChain({ rows = 50_000 } = {}): Promise<Record<string, unknown>> {
  const documents = unit(mixture(rows, DIMENSION, 1));
  const queries = unit(mixture(rows, DIMENSION, 2, documents));
  const size = { maxPositives: 1, documents: rows };
  const depth = (mining: JobInput['mining']): number =>
    candidatesPerQuery(
      jobSchema.parse({ name: 'x', input: { format: 'pairs', path: 'x' }, mining }).mining,
      size,
    ).k;
  const figures: Record<string, unknown> = {};
  for (const [name, mining] of Object.entries(PRESETS)) {
    const k = depth(mining);
    const search = await cpuSeconds(() => searched(queries, documents, k));
    const input = {
      pairs: pairsOf(
        Array.from({ length: rows }, (_, i) => [i, i] as const),
        rows,
      ),
      documents: rows,
      vectors: queries,
      documentVectors: documents,
      dimension: DIMENSION,
      k,
      ...search.value,
      positiveScores: Float32Array.from({ length: rows }, (_, i) =>
        dot(queries, i * DIMENSION, documents, i * DIMENSION, DIMENSION),
      ),
      mining,
      shardRows: SHARD_ROWS,
    };
    await using run = await prepareMiningRun(input);
    const stages = await chainSeconds(name, run);
    const chain = Object.values(stages).reduce((sum, seconds) => sum + seconds, 0);
    figures[name] = { k, search: search.seconds, chain, share: chain / search.seconds, stages };
  }
  return figures;
}

/** CPU seconds of each stage of a strategy's chain, in the order of the pipeline. */
async function chainSeconds(
  strategy: string,
  { context, unit, run }: MiningRun,
): Promise<Record<string, number>> {
  const seconds: Record<string, number> = {};
  const shards = [...run.plan.queryShards.keys()];
  const timed = async (stage: string, work: () => Promise<unknown>): Promise<void> => {
    seconds[stage] = (seconds[stage] ?? 0) + (await cpuSeconds(work)).seconds;
  };
  const each = async (stage: string, work: (shard: number) => Promise<unknown>): Promise<void> => {
    for (const shard of shards) await timed(stage, () => work(shard));
  };
  if (strategy !== 'margin') await each('scoreOwners', (shard) => scoreOwners(context, { ...unit, shard }));
  if (strategy === 'best') {
    await timed('metric', () => metric(context, unit));
    await timed('pairVectors', () => pairVectors(context, { ...unit, side: 'document', shard: 0 }));
    await each('pairVectors', (shard) => pairVectors(context, { ...unit, side: 'query', shard }));
    await each('comparePairs', (shard) => comparePairs(context, { ...unit, shard }));
    await timed('hubness', () => hubness(context, { ...unit, of: 'pair' }));
    await each('survey', (shard) => survey(context, { ...unit, shard }));
    await timed('calibrate', () => calibrate(context, unit));
  }
  await each('filter', (shard) => filter(context, { ...unit, shard }));
  if (strategy !== 'margin') await timed('cluster', () => cluster(context, unit));
  return seconds;
}

async function searched(
  queries: Float32Array,
  documents: Float32Array,
  k: number,
): Promise<{ ids: Int32Array; scores: Float32Array }> {
  const vectors = (data: Float32Array) => ({ data, rows: data.length / DIMENSION, dimension: DIMENSION });
  const index = await ExactIndex.over(vectors(documents), 1);
  const { ids, scores } = await index.search(vectors(queries), k, control);
  await index.close();
  return { ids, scores };
}

function unit(rows: Float32Array): Float32Array {
  for (let start = 0; start < rows.length; start += DIMENSION) {
    const row = rows.subarray(start, start + DIMENSION);
    const length = Math.hypot(...row);
    for (let i = 0; i < DIMENSION; i++) row[i]! /= length;
  }
  return rows;
}

async function cpuSeconds<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}
