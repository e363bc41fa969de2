import type { RunRef } from '@quarry/workflows';
import type { Calibrated } from '@quarry/workflows/job/calibrate';
import type { HiddenPositives } from '../mining/calibrate/hide-positives.ts';
import type { Candidates, Features } from '../mining/candidates.ts';
import type { HiddenOwnersInput } from '../pool/kernels/hidden-owners.ts';
import type { HiddenInput, HiddenPairsInput } from '../pool/kernels/hidden-pairs.ts';
import { readLocalRows } from '../tables/local-npy.ts';
import { candidateFile } from './candidate-lists.ts';
import { lessHubness } from './chain-features.ts';
import type { FilterShard } from './filter-shard.ts';
import { metricKey } from './keys.ts';
import type { MetricFigures } from './metric.ts';
import { documentVectorFiles, ownerFiles, pairVectorFiles, queryVectorFiles } from './owner-inputs.ts';
import { metricFiles, ownersAreEvidence } from './pair-vectors.ts';
import type { RunDocument } from './run-document.ts';
import { readShardPairs } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { readDone, type UnitOutput } from './unit.ts';

type Unit = RunRef & { readonly shard: number };

/** What filters would look at of one query's candidates if some of its positives were not known. */
export type HiddenFeatures = (row: number, candidates: Candidates, hiding: HiddenPositives) => Features;

/**
 * What the open filter would look at in one query shard if half of the positives were hidden. Scores of queries and
 * documents stay what they are; vectors of pairs and owners are made anew without what is hidden.
 *
 * Memory: 4 bytes per candidate here; in the worker thread what the kernels say.
 */
export async function hiddenFeatures(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  open: Calibrated,
  shard: FilterShard,
  output: UnitOutput,
): Promise<HiddenFeatures> {
  const hides = run.plan.maxPositives > 1;
  if (!hides || (open !== 'pair' && open !== 'owner_similar')) return () => ({});
  const { k } = shard;
  const path = await output.path('hidden.npy');
  await (open === 'pair' ? comparePairs(context, unit, run, path) : lookAtOwners(context, unit, run, path));
  const values = readLocalRows(path, 0, shard.rows, new Float32Array(shard.rows * k));
  if (open === 'pair') {
    const pair = await lessHubness(context, unit, run, shard.documents, values);
    return (row) => ({ pair: pair.subarray(row * k, (row + 1) * k) });
  }
  return (row, { documents, features }, { hidden }) => ({
    owners: features.owners!.map((score, place) =>
      hidden.has(documents[place]!) ? values[row * k + place]! : score,
    ),
  });
}

async function comparePairs(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  path: string,
): Promise<void> {
  const metric = await readDone(context, unit.cache, 'metric', metricKey(run));
  const evidence = ownersAreEvidence(run, metric.figures as unknown as MetricFigures);
  const input: HiddenPairsInput = {
    ...(await hiddenInput(context, unit, run, path)),
    documentVectors: await documentVectorFiles(context, unit, run),
    documentPairs: await pairVectorFiles(context, unit, run, 'document'),
    owners: evidence ? await ownerFiles(context, unit, run) : null,
    metric: await metricFiles(context, unit, run),
  };
  const { signal, progress } = context;
  await context.pool.run<HiddenPairsInput, number>({
    kernel: 'hidden-pairs',
    input,
    signal,
    onProgress: progress,
  });
}

async function lookAtOwners(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  path: string,
): Promise<void> {
  const input: HiddenOwnersInput = {
    ...(await hiddenInput(context, unit, run, path)),
    owners: await ownerFiles(context, unit, run),
  };
  const { signal, progress } = context;
  await context.pool.run<HiddenOwnersInput, number>({
    kernel: 'hidden-owners',
    input,
    signal,
    onProgress: progress,
  });
}

async function hiddenInput(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  output: string,
): Promise<HiddenInput> {
  const queries = run.plan.queryShards[unit.shard]!;
  const { offsets, documents } = await readShardPairs(context, unit, run, queries);
  return {
    queries: { start: queries.start, end: queries.end },
    k: run.search.k,
    dimension: run.model.dimension,
    ids: await candidateFile(context, unit, run, unit.shard, 'ids.npy'),
    positives: { offsets, documents },
    seed: run.job.seed,
    queryVectors: await queryVectorFiles(context, unit, run),
    output,
  };
}
