import type { RunRef, UnitResult } from '@quarry/workflows';
import type { ScoreOwnersInput, ScoreOwnersOutput } from '../pool/kernels/score-owners.ts';
import { candidateFile } from './candidate-lists.ts';
import { OWNERS_PER_CANDIDATE, scoreOwnersKey } from './keys.ts';
import { ownerFiles, queryVectorFiles } from './owner-inputs.ts';
import { readRunDocument } from './run-document.ts';
import { readShardJudgements } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

/**
 * For each candidate of one query shard that is neither the query itself nor a known positive: its owners' similarity to
 * the query, the 32 most similar at most.
 *
 * Memory: 12 bytes per pair of the shard here; in the worker thread what the kernel says (about 200 MiB at most, beside
 * the owners of a block's documents).
 */
export async function scoreOwners(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const queries = run.plan.queryShards[unit.shard]!;
  const key = scoreOwnersKey(run, unit.shard);
  return memoised(context, unit, 'scoreOwners', key, async (output) => {
    const input: ScoreOwnersInput = {
      queries: { start: queries.start, end: queries.end },
      k: run.search.k,
      dimension: run.model.dimension,
      limit: OWNERS_PER_CANDIDATE,
      ids: await candidateFile(context, unit, run, unit.shard, 'ids.npy'),
      judgements: await readShardJudgements(context, unit, run, queries),
      owners: await ownerFiles(context, unit, run),
      vectors: await queryVectorFiles(context, unit, run),
      output: {
        offsets: await output.path('owner-offsets.npy'),
        queries: await output.path('owner-queries.npy'),
        scores: await output.path('owner-scores.npy'),
      },
    };
    const figures = await context.pool.run<ScoreOwnersInput, ScoreOwnersOutput>({
      kernel: 'score-owners',
      input,
      signal: context.signal,
      onProgress: context.progress,
    });
    return { rows: figures.owners, figures: { ...figures } };
  });
}
