import type { RunRef, UnitResult } from '@quarry/workflows';
import type { SearchPartInput, SearchPartOutput } from '../pool/kernels/search-part.ts';
import { embedKey, searchKey } from './keys.ts';
import { partFiles } from './part-files.ts';
import { readRunDocument } from './run-document.ts';
import { readShardPairs, rowOfEachEntry } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, unitFile } from './unit.ts';

/**
 * One query shard against one part: `ids.npy`, `scores.npy` (int32 and float32 [q, k]) and `positive-scores.npy`
 * (float32 [P_s], NaN where the positive lies in another part). Every score is the fixed-order dot product.
 *
 * Memory, in a worker thread: the part's vectors (256 MiB at most; they stay for the next query shard), with hnswlib
 * the graph as well, the shard's query vectors, q x k x 8 bytes, and 32 MiB of GEMM blocks. Here: q x k x 8 bytes.
 */
export async function search(
  context: StageContext,
  unit: RunRef & { readonly shard: number; readonly part: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const shard = run.plan.queryShards[unit.shard]!;
  return memoised(context, unit, 'search', searchKey(run, unit.shard, unit.part), async (output) => {
    const [part, queries, pairs] = await Promise.all([
      partFiles(context, unit, run, unit.part),
      unitFile(context, unit.cache, 'embed', embedKey(run, 'query', unit.shard), 'vectors.npy'),
      readShardPairs(context, unit, run, shard),
    ]);
    const k = run.search.retrieved;
    const { ids, scores, positiveScores } = await context.pool.run<SearchPartInput, SearchPartOutput>({
      kernel: 'search-part',
      input: {
        part,
        queries,
        k,
        pairs: { queries: rowOfEachEntry(pairs.offsets), documents: pairs.documents },
        threads: context.threads,
      },
      affinity: `part ${part.key}`,
      signal: context.signal,
      onProgress: context.progress,
    });
    const rows = shard.end - shard.start;
    await output.writeNpy('ids.npy', ids, [rows, k]);
    await output.writeNpy('scores.npy', scores, [rows, k]);
    await output.writeNpy('positive-scores.npy', positiveScores);
    return { rows };
  });
}
