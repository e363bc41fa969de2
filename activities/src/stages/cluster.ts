import type { RunRef, Stages, UnitResult } from '@quarry/workflows';
import type { FormBestClustersInput, FormBestClustersOutput } from '../pool/kernels/form-best-clusters.ts';
import type { FormClustersInput, FormClustersOutput, ShardFiles } from '../pool/kernels/form-clusters.ts';
import { readChain } from './calibrate.ts';
import { candidateFile } from './candidate-lists.ts';
import { isClassification } from './classification-groups.ts';
import { clusterKey, filterKey, hubnessKey, OWNERS_PER_CANDIDATE, scoreOwnersKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { FETCHES, ownerFiles, pairVectorFiles, planFile, queryVectorFiles } from './owner-inputs.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import { numbersOf, type RunGroup, runGroups } from './run-groups.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, type UnitOutput, unitFile } from './unit.ts';

type Unit = Parameters<Stages['cluster']>[0];

/**
 * SaHa's sequential claim over ids and scores: one reducer for all query shards of a group, in a worker thread. It puts out the
 * clusters, and for each query shard the final verdicts on its candidates.
 *
 * Memory: the paths of the shards' files here; in the worker thread 17 bytes per query, 24 per pair, 20 per row of the
 * clusters, one query shard's candidates (18 bytes each), and at most 200 MiB beside. On disk: local copies of all
 * candidates where the cache is not local.
 */
export async function cluster(context: StageContext, unit: Unit): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const group = unit.group ?? 0;
  return memoised(context, unit, 'cluster', clusterKey(run, group), async (output) => {
    const input = await inputOf(context, unit, run, runGroups(run)[group]!, output);
    if (run.job.mining.strategy === 'best')
      return formBest(context, unit, run, input, runGroups(run)[group]!);
    const figures = await context.pool.run<FormClustersInput, FormClustersOutput>({
      kernel: 'form-clusters',
      input,
      signal: context.signal,
      onProgress: context.progress,
    });
    return { rows: figures.clusterRows, figures: { ...figures } };
  });
}

/** The clusters of `best`: those that passed the chain, under the symmetric rule. The verdicts are the filter's. */
async function formBest(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  clusters: FormClustersInput,
  group: RunGroup,
): Promise<{ rows: number; figures: Record<string, unknown> }> {
  const key = hubnessKey(run, 'pair');
  const rule = (await readChain(context, unit, run)).find(({ name }) => name === 'pair');
  const input: FormBestClustersInput = {
    ...clusters,
    documents: run.plan.documents,
    verdicts: await mapConcurrently(numbersOf(group.queryShards), FETCHES, (shard) =>
      unitFile(context, unit.cache, 'filter', filterKey(run, shard), 'reason.npy'),
    ),
    queryPairs: await pairVectorFiles(context, unit, run, 'query'),
    documentPairs: await pairVectorFiles(context, unit, run, 'document'),
    hubness: {
      queries: await unitFile(context, unit.cache, 'hubness', key, 'queries.npy'),
      documents: await unitFile(context, unit.cache, 'hubness', key, 'documents.npy'),
    },
    self: await planFile(context, unit, run, 'querySelf'),
    promoted: await promotedFiles(context, unit, run),
    above: rule?.name === 'pair' && 'above' in rule ? rule.above! : Number.POSITIVE_INFINITY,
  };
  const figures = await context.pool.run<FormBestClustersInput, FormBestClustersOutput>({
    kernel: 'form-best-clusters',
    input,
    signal: context.signal,
    onProgress: context.progress,
  });
  return { rows: figures.clusterRows, figures: { ...figures } };
}

async function promotedFiles(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
): Promise<FormBestClustersInput['promoted']> {
  const { promoted } = run.plan;
  if (!promoted) return null;
  return {
    offsets: await planFile(context, unit, run, 'promotedOffsets'),
    documents: await planFile(context, unit, run, 'promotedDocument'),
    entries: promoted.rows,
  };
}

async function inputOf(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  group: RunGroup,
  output: UnitOutput,
): Promise<FormClustersInput> {
  const { topK, poolMultiplier, unowned, numNegatives } = run.job.mining;
  const [pairQuery, pairDocument, pairRow, queryPairs] = await Promise.all([
    planFile(context, unit, run, 'pairQuery'),
    planFile(context, unit, run, 'pairDocument'),
    planFile(context, unit, run, 'pairRow'),
    planFile(context, unit, run, 'queryPairs'),
  ]);
  return {
    topK,
    poolMultiplier,
    classification: isClassification(run, group.number),
    keepUnowned: unowned === 'keep',
    numNegatives,
    queries: run.plan.queries,
    rows: group.pairs,
    k: run.search.k,
    dimension: run.model.dimension,
    ownersListed: OWNERS_PER_CANDIDATE,
    pairs: { pairQuery, pairDocument, pairRow, queryPairs },
    owners: await ownerFiles(context, unit, run),
    vectors: await queryVectorFiles(context, unit, run),
    shards: await mapConcurrently(numbersOf(group.queryShards), FETCHES, (shard) =>
      shardFiles(context, unit, run, output, shard),
    ),
    output: {
      clusters: await output.path('clusters.npy'),
      ownerScores: await output.path('cluster-owner-scores.npy'),
    },
  };
}

async function shardFiles(
  context: StageContext,
  { cache }: RunRef,
  run: RunDocument,
  output: UnitOutput,
  shard: number,
): Promise<ShardFiles> {
  context.signal.throwIfAborted();
  const { start, end } = run.plan.queryShards[shard]!;
  const candidates = (name: string): Promise<string> => candidateFile(context, { cache }, run, shard, name);
  const owned = scoreOwnersKey(run, shard);
  const best = run.job.mining.strategy === 'best';
  return {
    start,
    end,
    ids: await candidates('ids.npy'),
    scores: await candidates('scores.npy'),
    positiveScores: await candidates('positive-scores.npy'),
    reasons: await unitFile(
      context,
      cache,
      'filter',
      filterKey(run, shard),
      best ? 'eligible.npy' : 'reason.npy',
    ),
    ownerOffsets: await unitFile(context, cache, 'scoreOwners', owned, 'owner-offsets.npy'),
    ownerQueries: await unitFile(context, cache, 'scoreOwners', owned, 'owner-queries.npy'),
    ownerScores: await unitFile(context, cache, 'scoreOwners', owned, 'owner-scores.npy'),
    output: best ? null : await verdictFiles(output, shard),
  };
}

async function verdictFiles(output: UnitOutput, shard: number): Promise<NonNullable<ShardFiles['output']>> {
  const number = String(shard).padStart(5, '0');
  return {
    reasons: await output.path(`reason-${number}.npy`),
    kept: await output.path(`kept-${number}.npy`),
    pairs: await output.path(`pair-${number}.npy`),
    owners: await output.path(`owner-${number}.npy`),
    ownerScores: await output.path(`owner-score-${number}.npy`),
  };
}
