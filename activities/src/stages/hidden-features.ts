import type { RunRef } from '@quarry/workflows';
import type { Feature } from '@quarry/workflows/chain';
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
 * What the chain would look at in one query shard if half of the positives were hidden. Scores of queries and documents
 * stay what they are; an open pair rule compares pairs made anew; whatever else knows positives passes what is hidden, so
 * that an estimate is rather too high.
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
  const pair =
    open === 'pair' && run.plan.maxPositives > 1
      ? await hiddenPairs(context, unit, run, shard, output)
      : null;
  const { k } = shard;
  return (row, candidates, hiding) => ({
    ...silenced(candidates, hiding),
    ...(pair && { pair: pair.subarray(row * k, (row + 1) * k) }),
  });
}

/** What is made of known positives: of a hidden one it would say that it is one. */
const KNOWING: readonly Feature[] = ['owners', 'pair', 'near_positives'];

/** The query's features that know positives, silent (NaN, never dropped) about the hidden ones. */
function silenced({ documents, features }: Candidates, { hidden }: HiddenPositives): Features {
  return Object.fromEntries(
    KNOWING.flatMap((name) => {
      const values = features[name];
      if (!values) return [];
      return [[name, values.map((value, place) => (hidden.has(documents[place]!) ? Number.NaN : value))]];
    }),
  );
}

/** What the pair rule would measure: float32 [q, k], NaN for queries that hide nothing. */
async function hiddenPairs(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  shard: FilterShard,
  output: UnitOutput,
): Promise<Float32Array> {
  const path = await output.path('hidden.npy');
  await comparePairs(context, unit, run, path);
  const alike = readLocalRows(path, 0, shard.rows, new Float32Array(shard.rows * shard.k));
  return lessHubness(context, unit, run, shard.documents, alike);
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
