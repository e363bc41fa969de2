import type { RunRef, Side } from '@quarry/workflows';
import type { OwnerFiles } from '../tables/owner-files.ts';
import type { ShardVectors } from '../tables/vector-files.ts';
import { embedKey, pairVectorsKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { PLAN_FILES, type RunDocument } from './run-document.ts';
import type { Dependencies } from './stage-context.ts';
import { unitFile } from './unit.ts';

/** What the kernels of mining read, as local files. */

/** Shards whose files are fetched at once. */
export const FETCHES = 8;

/** Local path of one array of the plan. */
export function planFile(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  file: keyof typeof PLAN_FILES,
): Promise<string> {
  return unitFile(dependencies, unit.cache, 'plan', run.planKey, PLAN_FILES[file]);
}

/** The plan's owner map. */
export async function ownerFiles(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
): Promise<OwnerFiles> {
  const [ownerOffsets, ownerQuery] = await Promise.all([
    planFile(dependencies, unit, run, 'ownerOffsets'),
    planFile(dependencies, unit, run, 'ownerQuery'),
  ]);
  return { ownerOffsets, ownerQuery, documents: run.plan.documents, pairs: run.plan.pairs };
}

/** The vectors of every query shard, in order. */
export function queryVectorFiles(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
): Promise<ShardVectors[]> {
  return vectorFiles(dependencies, unit, run, 'query', 'embed');
}

/** The vectors of every document shard, in order. */
export function documentVectorFiles(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
): Promise<ShardVectors[]> {
  return vectorFiles(dependencies, unit, run, 'document', 'embed');
}

/** The pair vectors of every shard of one side, in order. */
export function pairVectorFiles(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  side: Side,
): Promise<ShardVectors[]> {
  return vectorFiles(dependencies, unit, run, side, 'pairVectors');
}

function vectorFiles(
  dependencies: Dependencies,
  { cache }: RunRef,
  run: RunDocument,
  side: Side,
  stage: 'embed' | 'pairVectors',
): Promise<ShardVectors[]> {
  const shards = side === 'query' ? run.plan.queryShards : run.plan.documentShards;
  return mapConcurrently([...shards.entries()], FETCHES, async ([shard, { start, end }]) => {
    const key = stage === 'embed' ? embedKey(run, side, shard) : pairVectorsKey(run, side, shard);
    return { start, end, path: await unitFile(dependencies, cache, stage, key, 'vectors.npy') };
  });
}
