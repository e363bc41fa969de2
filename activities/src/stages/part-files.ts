import type { RunRef } from '@quarry/workflows';
import type { PartFiles } from '../pool/kernels/search-part.ts';
import { embedKey, indexKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import type { RunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { unitFile } from './unit.ts';

/** Files fetched at once where the cache is not local. */
const AT_ONCE = 8;

/** The name of the graph in `index/<key>/`. */
export const GRAPH_FILE = 'index.hnsw';

/** Local paths of the vectors of one part, in the order of its shards. */
export async function partVectors(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  part: number,
): Promise<string[]> {
  const { start, end } = run.search.parts[part]!.shards;
  const shards = Array.from({ length: end - start }, (_, i) => start + i);
  return mapConcurrently(shards, AT_ONCE, (shard) => {
    context.signal.throwIfAborted();
    return unitFile(context, unit.cache, 'embed', embedKey(run, 'document', shard), 'vectors.npy');
  });
}

/** One part as the search kernel loads it, for the run's own engine or for exact search. */
export async function partFiles(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  part: number,
  engine: 'exact' | 'hnswlib' = run.search.engine,
): Promise<PartFiles> {
  const key = indexKey(run, part);
  return {
    key,
    vectors: await partVectors(context, unit, run, part),
    dimension: run.model.dimension,
    start: run.search.parts[part]!.documents.start,
    graph: engine === 'exact' ? null : await unitFile(context, unit.cache, 'index', key, GRAPH_FILE),
    efSearch: run.job.search.efSearch ?? 2 * run.search.retrieved,
  };
}
