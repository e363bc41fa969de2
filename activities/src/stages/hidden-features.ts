import type { RunRef } from '@quarry/workflows';
import type { Calibrated } from '@quarry/workflows/job/calibrate';
import type { HiddenPositives } from '../mining/calibrate/hide-positives.ts';
import type { Candidates, Features } from '../mining/candidates.ts';
import type { HiddenPairsInput } from '../pool/kernels/hidden-pairs.ts';
import { readLocalRows } from '../tables/local-npy.ts';
import { candidateFile } from './candidate-lists.ts';
import { lessHubness } from './chain-features.ts';
import type { FilterShard } from './filter-shard.ts';
import { documentVectorFiles, pairVectorFiles, queryVectorFiles } from './owner-inputs.ts';
import { metricFiles } from './pair-vectors.ts';
import type { RunDocument } from './run-document.ts';
import { readShardPairs } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import type { UnitOutput } from './unit.ts';

type Unit = RunRef & { readonly shard: number };

/** What filters would look at of one query's candidates if some of its positives were not known. */
export type HiddenFeatures = (row: number, candidates: Candidates, hiding: HiddenPositives) => Features;

/**
 * What the open filter would look at in one query shard if half of the positives were hidden. Scores of queries and
 * documents stay what they are; a hidden document has no owners, and pairs are made anew without it.
 *
 * Memory: 4 bytes per candidate here; in the worker thread what the kernel says.
 */
export async function hiddenFeatures(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  open: Calibrated,
  shard: FilterShard,
  output: UnitOutput,
): Promise<HiddenFeatures> {
  if (open === 'owner_similar') {
    return (_, { documents, features }, { hidden }) => ({
      owners: features.owners!.map((score, place) => (hidden.has(documents[place]!) ? Number.NaN : score)),
    });
  }
  if (open !== 'pair' || run.plan.maxPositives < 2) return () => ({});
  const { k } = shard;
  const path = await output.path('hidden.npy');
  await comparePairs(context, unit, run, path);
  const values = readLocalRows(path, 0, shard.rows, new Float32Array(shard.rows * k));
  const pair = await lessHubness(context, unit, run, shard.documents, values);
  return (row) => ({ pair: pair.subarray(row * k, (row + 1) * k) });
}

async function comparePairs(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  output: string,
): Promise<void> {
  const queries = run.plan.queryShards[unit.shard]!;
  const { offsets, documents } = await readShardPairs(context, unit, run, queries);
  const input: HiddenPairsInput = {
    queries: { start: queries.start, end: queries.end },
    k: run.search.k,
    dimension: run.model.dimension,
    ids: await candidateFile(context, unit, run, unit.shard, 'ids.npy'),
    positives: { offsets, documents },
    seed: run.job.seed,
    queryVectors: await queryVectorFiles(context, unit, run),
    documentVectors: await documentVectorFiles(context, unit, run),
    documentPairs: await pairVectorFiles(context, unit, run, 'document'),
    metric: await metricFiles(context, unit, run),
    output,
  };
  await context.pool.run<HiddenPairsInput, number>({
    kernel: 'hidden-pairs',
    input,
    signal: context.signal,
    onProgress: context.progress,
  });
}
