import type { ListScore, RunRef, UnitResult } from '@quarry/workflows';
import type { HubnessShard, MeasureHubnessInput } from '../pool/kernels/measure-hubness.ts';
import { candidateFile } from './candidate-lists.ts';
import { comparePairsKey, hubnessKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { FETCHES, planFile } from './owner-inputs.ts';
import { readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, unitFile } from './unit.ts';

/**
 * How near everything comes to each document and each query, over the lists of all query shards by their `score` or
 * their `pair` score: `documents.npy` float32 [D], `queries.npy` float32 [Q], `nearest.npy` float32 [D, 10],
 * `lists.npy` int32 [D]. One reducer.
 *
 * Memory, in a worker thread: 52 bytes per document and 4 per query. On disk: local copies of all lists where the cache
 * is not local.
 */
export async function hubness(
  context: StageContext,
  unit: RunRef & { readonly of: ListScore },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'hubness', hubnessKey(run, unit.of), async (output) => {
    const shards = await mapConcurrently(
      [...run.plan.queryShards.entries()],
      FETCHES,
      async ([shard, { start, end }]): Promise<HubnessShard> => {
        const ids = await candidateFile(context, unit, run, shard, 'ids.npy');
        const scores =
          unit.of === 'score'
            ? await candidateFile(context, unit, run, shard, 'scores.npy')
            : await unitFile(context, unit.cache, 'comparePairs', comparePairsKey(run, shard), 'scores.npy');
        return { start, end, ids, scores };
      },
    );
    const rows = await context.pool.run<MeasureHubnessInput, number>({
      kernel: 'measure-hubness',
      input: {
        documents: run.plan.documents,
        queries: run.plan.queries,
        k: run.search.k,
        shards,
        self: await planFile(context, unit, run, 'querySelf'),
        output: {
          documents: await output.path('documents.npy'),
          queries: await output.path('queries.npy'),
          nearest: await output.path('nearest.npy'),
          lists: await output.path('lists.npy'),
        },
      },
      signal: context.signal,
      onProgress: context.progress,
    });
    return { rows };
  });
}
