import type { RunRef, UnitResult } from '@quarry/workflows';
import type { ComparePairsInput } from '../pool/kernels/compare-pairs.ts';
import { candidateFile } from './candidate-lists.ts';
import { comparePairsKey, pairVectorsKey } from './keys.ts';
import { pairVectorFiles } from './owner-inputs.ts';
import { readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, unitFile } from './unit.ts';

/**
 * How alike the anchor's pair and each candidate's pair are, for the candidates of one query shard: `scores.npy` float32
 * [q, k], NaN where there is no candidate. No second search: only what retrieval found is looked at.
 *
 * Memory: the paths of the shards' files here; in the worker thread about 140 MiB at most.
 */
export async function comparePairs(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'comparePairs', comparePairsKey(run, unit.shard), async (output) => {
    const { start, end } = run.plan.queryShards[unit.shard]!;
    const own = pairVectorsKey(run, 'query', unit.shard);
    const input: ComparePairsInput = {
      queries: { start, end },
      k: run.search.k,
      dimension: run.model.dimension,
      ids: await candidateFile(context, unit, run, unit.shard, 'ids.npy'),
      own: await unitFile(context, unit.cache, 'pairVectors', own, 'vectors.npy'),
      documents: await pairVectorFiles(context, unit, run, 'document'),
      output: await output.path('scores.npy'),
    };
    const rows = await context.pool.run<ComparePairsInput, number>({
      kernel: 'compare-pairs',
      input,
      signal: context.signal,
      onProgress: context.progress,
    });
    return { rows };
  });
}
