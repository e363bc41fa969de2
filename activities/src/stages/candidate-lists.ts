import type { RunRef } from '@quarry/workflows';
import type { NpyArray } from '../tables/npy.ts';
import { candidatesKey } from './keys.ts';
import type { RunDocument } from './run-document.ts';
import { unitDirectory } from './run-document.ts';
import type { CacheAccess, Dependencies } from './stage-context.ts';
import { readUnitNpy, unitFile } from './unit.ts';

/** The stage whose output the candidates are; see {@link candidatesKey}. */
export function candidatesStage({ rescorer }: Pick<RunDocument, 'rescorer'>): 'merge' | 'rescore' {
  return rescorer ? 'rescore' : 'merge';
}

/**
 * An array of one query shard's candidates: `ids.npy` int32 [q, k], `scores.npy` float32 [q, k], `positive-scores.npy`
 * float32 [pairs], and where the input brings candidates `source.npy` uint8 [q, k].
 */
export async function readCandidateArray<A extends NpyArray>(
  dependencies: CacheAccess,
  { cache }: Pick<RunRef, 'cache'>,
  run: RunDocument,
  shard: number,
  name: string,
): Promise<A> {
  const key = candidatesKey(run, shard);
  return (await readUnitNpy<A>(dependencies, cache, candidatesStage(run), key, name)).data;
}

/** Local path of such an array. */
export function candidateFile(
  dependencies: Dependencies,
  { cache }: Pick<RunRef, 'cache'>,
  run: RunDocument,
  shard: number,
  name: string,
): Promise<string> {
  return unitFile(dependencies, cache, candidatesStage(run), candidatesKey(run, shard), name);
}

/** URI of the directory of such arrays. */
export function candidatesDirectory(cache: string, run: RunDocument, shard: number): string {
  return unitDirectory(cache, candidatesStage(run), candidatesKey(run, shard));
}
