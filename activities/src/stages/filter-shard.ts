import type { RunRef } from '@quarry/workflows';
import { chainOf, type Feature, featuresOf } from '@quarry/workflows/chain';
import type { Candidates } from '../mining/candidates.ts';
import type { NpyArray } from '../tables/npy.ts';
import { mergeKey, scoreOwnersKey } from './keys.ts';
import type { RunDocument } from './run-document.ts';
import { readShardJudgements } from './shard-pairs.ts';
import type { Dependencies } from './stage-context.ts';
import { readUnitNpy } from './unit.ts';

type Unit = RunRef & { readonly shard: number };

/** One query shard's candidates with what its chain looks at, and the verdicts on them. */
export interface FilterShard {
  readonly rows: number;
  /** Candidates per query. */
  readonly k: number;
  /** uint8 [q, k] */
  readonly reasons: Uint8Array;
  /** The candidates of one row: views into the shard's arrays. */
  candidates(row: number): Candidates;
}

/** Reads what the chain of the run's job asks for, and no more. */
export async function readFilterShard(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
): Promise<FilterShard> {
  const { k } = run.search;
  const queries = run.plan.queryShards[unit.shard]!;
  const rows = queries.end - queries.start;
  const merged = async <A extends NpyArray>(name: string): Promise<A> =>
    (await readUnitNpy<A>(dependencies, unit.cache, 'merge', mergeKey(run, unit.shard), name)).data;
  const [documents, scores, positiveScores, judgements] = await Promise.all([
    merged<Int32Array>('ids.npy'),
    merged<Float32Array>('scores.npy'),
    merged<Float32Array>('positive-scores.npy'),
    readShardJudgements(dependencies, unit, run, queries),
  ]);
  const features = await readFeatures(dependencies, unit, run);
  const reasons = new Uint8Array(rows * k);
  const candidates = (row: number): Candidates => {
    const [from, to] = [row * k, (row + 1) * k];
    const [first, last] = [judgements.offsets[row]!, judgements.offsets[row + 1]!];
    return {
      query: queries.start + row,
      documents: documents.subarray(from, to),
      scores: scores.subarray(from, to),
      reasons: reasons.subarray(from, to),
      positives: judgements.documents.subarray(first, last),
      positiveScores: positiveScores.subarray(first, last),
      self: judgements.self.subarray(row * 2, row * 2 + 2),
      features: Object.fromEntries(features.map(([name, values]) => [name, values.subarray(from, to)])),
    };
  };
  return { rows, k, reasons, candidates };
}

async function readFeatures(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
): Promise<readonly (readonly [Feature, Float32Array])[]> {
  const wanted = featuresOf(chainOf(run.job.mining, run.plan));
  return Promise.all(
    wanted.map(async (name) => [name, await readFeature(dependencies, unit, run, name)] as const),
  );
}

/** float32 [q, k] */
async function readFeature(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
  feature: Feature,
): Promise<Float32Array> {
  switch (feature) {
    case 'owners':
      return nearestOwnerScores(dependencies, unit, run);
  }
}

/** Similarity of each candidate's most similar owner to the query, NaN where it has none. */
async function nearestOwnerScores(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
): Promise<Float32Array> {
  const key = scoreOwnersKey(run, unit.shard);
  const read = async <A extends NpyArray>(name: string): Promise<A> =>
    (await readUnitNpy<A>(dependencies, unit.cache, 'scoreOwners', key, name)).data;
  const offsets = await read<Int32Array>('owner-offsets.npy');
  const scores = await read<Float32Array>('owner-scores.npy');
  const nearest = new Float32Array(offsets.length - 1).fill(Number.NaN);
  for (let slot = 0; slot < nearest.length; slot++) {
    if (offsets[slot]! < offsets[slot + 1]!) nearest[slot] = scores[offsets[slot]!]!;
  }
  return nearest;
}
