import type { ComparedWith, RunRef } from '@quarry/workflows';
import type { Feature, JudgeFeature } from '@quarry/workflows/chain';
import { JUDGE_STAGE } from '@quarry/workflows/judges';
import { pairMeasure } from '../mining/filters/pair.ts';
import { NEIGHBOURS } from '../mining/hubness.ts';
import { TWIN_WIDTH } from '../mining/twins.ts';
import type { NpyArray } from '../tables/npy.ts';
import { compareDocumentsKey, comparePairsKey, hubnessKey, judgeKey, scoreOwnersKey } from './keys.ts';
import type { RunDocument } from './run-document.ts';
import type { Dependencies } from './stage-context.ts';
import { readUnitNpy } from './unit.ts';

type Unit = RunRef & { readonly shard: number };

/** What the filters of a chain look at, of one query shard. */
export interface ShardFeature {
  readonly name: Feature;
  /** float32 [q, k, width] */
  readonly values: Float32Array;
  readonly width: number;
}

/**
 * Reads what a chain asks for, and no more. Memory: 4 bytes per candidate (`neighbours` 44, `twins` 32), with
 * `pair` 4 per document and query of the run, with `neighbours` 44 per document.
 *
 * @param documents int32 [q, k]: the shard's candidates
 */
export async function readFeatures(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
  documents: Int32Array,
  wanted: readonly Feature[],
): Promise<readonly ShardFeature[]> {
  return Promise.all(
    wanted.map(async (name) => {
      switch (name) {
        case 'owners':
          return { name, values: await nearestOwnerScores(dependencies, unit, run), width: 1 };
        case 'pair':
          return { name, values: await pairMeasures(dependencies, unit, run, documents), width: 1 };
        case 'near_positives':
          return { name, values: await likeness(dependencies, unit, run, 'positives'), width: 1 };
        case 'twins':
          return { name, values: await likeness(dependencies, unit, run, 'candidates'), width: TWIN_WIDTH };
        case 'neighbours':
          return {
            name,
            values: await neighbours(dependencies, unit, run, documents),
            width: NEIGHBOURS + 1,
          };
        case 'cross_encoder':
        case 'cross_encoder_margin':
        case 'judge':
          return { name, values: await said(dependencies, unit, run, name), width: 1 };
      }
    }),
  );
}

/** Cosines of the candidates' documents: to the nearest positive, or their twins. */
async function likeness(
  dependencies: Dependencies,
  { cache, shard }: Unit,
  run: RunDocument,
  against: ComparedWith,
): Promise<Float32Array> {
  const key = compareDocumentsKey(run, shard, against);
  return (await readUnitNpy<Float32Array>(dependencies, cache, 'compareDocuments', key, 'scores.npy')).data;
}

/** Log-odds, or their distance from the query's lowest positive; NaN where a candidate was not judged. */
async function said(
  dependencies: Dependencies,
  { cache, shard }: Unit,
  run: RunDocument,
  feature: JudgeFeature,
): Promise<Float32Array> {
  const judge = feature === 'judge' ? 'judge' : 'cross_encoder';
  const file = feature === 'cross_encoder_margin' ? 'margins.npy' : 'scores.npy';
  const key = judgeKey(run, judge, shard);
  return (await readUnitNpy<Float32Array>(dependencies, cache, JUDGE_STAGE[judge], key, file)).data;
}

/** What the pair rule measures of each candidate, NaN where there is none. */
async function pairMeasures(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
  documents: Int32Array,
): Promise<Float32Array> {
  const key = comparePairsKey(run, unit.shard);
  const { data } = await readUnitNpy<Float32Array>(
    dependencies,
    unit.cache,
    'comparePairs',
    key,
    'scores.npy',
  );
  return lessHubness(dependencies, unit, run, documents, data);
}

/** What the pair rule measures of candidates whose pairs are this alike to their anchors' pairs. */
export async function lessHubness(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
  documents: Int32Array,
  likeness: Float32Array,
): Promise<Float32Array> {
  const hub = async (name: string): Promise<Float32Array> =>
    (await readUnitNpy<Float32Array>(dependencies, unit.cache, 'hubness', hubnessKey(run, 'pair'), name))
      .data;
  const [ofQueries, ofDocuments] = [await hub('queries.npy'), await hub('documents.npy')];
  const { start } = run.plan.queryShards[unit.shard]!;
  const { k } = run.search;
  return likeness.map((alike, slot) => {
    const document = documents[slot]!;
    if (document < 0) return Number.NaN;
    return pairMeasure(alike, ofQueries[start + Math.floor(slot / k)]!, ofDocuments[document]!);
  });
}

/** Of each candidate the ten best scores that queries have of it, and the share of the queries that retrieved it. */
async function neighbours(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
  documents: Int32Array,
): Promise<Float32Array> {
  const key = hubnessKey(run, 'score');
  const nearest = await readUnitNpy<Float32Array>(dependencies, unit.cache, 'hubness', key, 'nearest.npy');
  const lists = await readUnitNpy<Int32Array>(dependencies, unit.cache, 'hubness', key, 'lists.npy');
  const width = NEIGHBOURS + 1;
  const values = new Float32Array(documents.length * width).fill(Number.NaN);
  for (let slot = 0; slot < documents.length; slot++) {
    const document = documents[slot]!;
    if (document < 0) continue;
    values.set(nearest.data.subarray(document * NEIGHBOURS, (document + 1) * NEIGHBOURS), slot * width);
    values[slot * width + NEIGHBOURS] = lists.data[document]! / run.plan.queries;
  }
  return values;
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
