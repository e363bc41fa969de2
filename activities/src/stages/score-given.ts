import type { RunRef, UnitResult } from '@quarry/workflows';
import type { ScorePairsInput, ScorePairsOutput } from '../pool/kernels/score-pairs.ts';
import { embedKey, scoreGivenKey } from './keys.ts';
import { partVectors } from './part-files.ts';
import { readRunDocument } from './run-document.ts';
import { readShardGiven, readShardPairs, rowOfEachEntry } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, unitFile } from './unit.ts';

/**
 * Candidates that the input brings, scored by our own fixed-order dot product, one query shard against one part:
 * `given-scores.npy` (float32 [G_s]) and `positive-scores.npy` (float32 [P_s]), NaN where the document lies in another part.
 *
 * Memory, in a worker thread: the part's vectors (256 MiB at most) and the shard's query vectors. Here: 4 bytes per pair
 * and 17 per candidate of the shard.
 */
export async function scoreGiven(
  context: StageContext,
  unit: RunRef & { readonly shard: number; readonly part: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const shard = run.plan.queryShards[unit.shard]!;
  const key = scoreGivenKey(run, unit.shard, unit.part);
  return memoised(context, unit, 'scoreGiven', key, async (output) => {
    const [vectors, queries, pairs, given] = await Promise.all([
      partVectors(context, unit, run, unit.part),
      unitFile(context, unit.cache, 'embed', embedKey(run, 'query', unit.shard), 'vectors.npy'),
      readShardPairs(context, unit, run, shard),
      readShardGiven(context, unit, run, shard),
    ]);
    const lists = [pairs, given!].map(({ offsets, documents }) => ({
      queries: rowOfEachEntry(offsets),
      documents,
    }));
    const { scores } = await context.pool.run<ScorePairsInput, ScorePairsOutput>({
      kernel: 'score-pairs',
      input: {
        vectors,
        queries,
        dimension: run.model.dimension,
        start: run.search.parts[unit.part]!.documents.start,
        lists,
      },
      signal: context.signal,
      onProgress: context.progress,
    });
    await output.writeNpy('positive-scores.npy', scores[0]!);
    await output.writeNpy('given-scores.npy', scores[1]!);
    return { rows: given!.documents.length };
  });
}
