import type { RunRef, UnitResult } from '@quarry/workflows';
import type { MergePartsInput, MergePartsOutput } from '../pool/kernels/merge-parts.ts';
import { mergeKey, searchKey } from './keys.ts';
import { readRunDocument } from './run-document.ts';
import { readShardJudgements } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, unitFile } from './unit.ts';

/**
 * All parts' candidates of one query shard: the k best by (score descending, document ascending), the score of every
 * known positive, and as figures how well the positives were retrieved (`retrieval`, by group).
 *
 * Memory: q x k x 8 bytes, and in the worker thread 32 MiB of the parts' lists at a time and 4 bytes per pair.
 */
export async function merge(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const shard = run.plan.queryShards[unit.shard]!;
  return memoised(context, unit, 'merge', mergeKey(run, unit.shard), async (output) => {
    const { k } = run.search;
    const rows = shard.end - shard.start;
    const parts: MergePartsInput['parts'][number][] = [];
    for (const part of run.search.parts.keys()) {
      context.signal.throwIfAborted();
      const key = searchKey(run, unit.shard, part);
      const file = (name: string): Promise<string> => unitFile(context, unit.cache, 'search', key, name);
      const [ids, scores, positiveScores] = await Promise.all([
        file('ids.npy'),
        file('scores.npy'),
        file('positive-scores.npy'),
      ]);
      parts.push({ ids, scores, positiveScores });
    }
    const judgements = await readShardJudgements(context, unit, run, shard);
    const { ids, scores, positiveScores, retrieval } = await context.pool.run<
      MergePartsInput,
      MergePartsOutput
    >({
      kernel: 'merge-parts',
      input: { parts, rows, k, judgements },
      signal: context.signal,
      onProgress: context.progress,
    });
    await output.writeNpy('ids.npy', ids, [rows, k]);
    await output.writeNpy('scores.npy', scores, [rows, k]);
    await output.writeNpy('positive-scores.npy', positiveScores);
    return { rows, figures: { retrieval: { default: retrieval } } };
  });
}
