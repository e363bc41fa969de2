import type { ComparedWith, RunRef, UnitResult } from '@quarry/workflows';
import type { CompareDocumentsInput } from '../pool/kernels/compare-documents.ts';
import { candidateFile } from './candidate-lists.ts';
import { compareDocumentsKey } from './keys.ts';
import { documentVectorFiles } from './owner-inputs.ts';
import { readRunDocument } from './run-document.ts';
import { readShardJudgements } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

/**
 * How alike each candidate of one query shard is to its query's positives, or to the better candidates: `scores.npy`
 * float32 [q, k] or [q, k, 8]. Only what retrieval found is looked at; the threshold belongs to `filter`. Against the
 * positives it costs one inner product per candidate and positive, among candidates k / 2 per candidate.
 *
 * Memory: the shard's pairs and the paths of the shards' files here; in the worker thread 64 KiB per dimension (96 MiB at 1,536) and 128 MiB.
 */
export async function compareDocuments(
  context: StageContext,
  unit: RunRef & { readonly shard: number; readonly against: ComparedWith },
): Promise<UnitResult> {
  const { cache, shard, against } = unit;
  const run = await readRunDocument(context, unit);
  const key = compareDocumentsKey(run, shard, against);
  return memoised(context, unit, 'compareDocuments', key, async (output) => {
    const { start, end } = run.plan.queryShards[shard]!;
    const { offsets, documents, self } = await readShardJudgements(context, unit, run, { start, end });
    const input: CompareDocumentsInput = {
      against,
      queries: { start, end },
      k: run.search.k,
      dimension: run.model.dimension,
      ids: await candidateFile(context, { cache }, run, shard, 'ids.npy'),
      documents: await documentVectorFiles(context, unit, run),
      positives: { offsets, documents },
      self,
      output: await output.path('scores.npy'),
    };
    const rows = await context.pool.run<CompareDocumentsInput, number>({
      kernel: 'compare-documents',
      input,
      signal: context.signal,
      onProgress: context.progress,
    });
    return { rows };
  });
}
