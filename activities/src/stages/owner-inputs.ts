import type { RunRef } from '@quarry/workflows';
import type { OwnerFiles } from '../tables/owner-files.ts';
import type { QueryVectorFile } from '../tables/query-vector-files.ts';
import { embedKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { PLAN_FILES, type RunDocument } from './run-document.ts';
import type { Dependencies } from './stage-context.ts';
import { unitFile } from './unit.ts';

/** What the kernels `score-owners` and `form-clusters` read, as local files. */

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
): Promise<QueryVectorFile[]> {
  return mapConcurrently([...run.plan.queryShards.keys()], FETCHES, async (shard) => {
    const { start, end } = run.plan.queryShards[shard]!;
    const path = await unitFile(
      dependencies,
      unit.cache,
      'embed',
      embedKey(run, 'query', shard),
      'vectors.npy',
    );
    return { start, end, path };
  });
}
