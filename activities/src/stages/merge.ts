import type { RunRef, UnitResult } from '@quarry/workflows';
import type { MergePartsInput, MergePartsOutput } from '../pool/kernels/merge-parts.ts';
import { mergeKey, scoreGivenKey, searchKey } from './keys.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import { groupOfShard, numbersOf } from './run-groups.ts';
import { readShardGiven, readShardJudgements } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, unitFile } from './unit.ts';

type Unit = RunRef & { readonly shard: number };

/**
 * The candidates of one query shard in all parts of its group: the best of the search by (score descending, document
 * ascending), with them or in their stead those that the input brings, the score of every known positive, and as figures
 * how well the positives were retrieved (`retrieval`, by group). Where the input brings candidates, `source.npy` (uint8
 * [q, k]) says where each comes from: 0 search, else 1 + the place in `GIVEN_SOURCES`.
 *
 * Memory: q x k x 9 bytes, and in the worker thread 32 MiB of the parts' lists at a time, 4 bytes per pair and 21 per
 * candidate that the input brings.
 */
export async function merge(context: StageContext, unit: Unit): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const shard = run.plan.queryShards[unit.shard]!;
  const group = groupOfShard(run, unit.shard);
  return memoised(context, unit, 'merge', mergeKey(run, unit.shard), async (output) => {
    const { k, retrieved } = run.search;
    const rows = shard.end - shard.start;
    const given = await readShardGiven(context, unit, run, shard);
    const { ids, scores, positiveScores, sources, retrieval } = await context.pool.run<
      MergePartsInput,
      MergePartsOutput
    >({
      kernel: 'merge-parts',
      input: {
        parts: run.plan.given?.mode === 'replace' ? [] : await searchedParts(context, unit, run),
        given: given && { ...given, parts: await scoredParts(context, unit, run) },
        rows,
        k,
        retrieved,
        judgements: await readShardJudgements(context, unit, run, shard),
      },
      signal: context.signal,
      onProgress: context.progress,
    });
    await output.writeNpy('ids.npy', ids, [rows, k]);
    await output.writeNpy('scores.npy', scores, [rows, k]);
    await output.writeNpy('positive-scores.npy', positiveScores);
    if (sources) await output.writeNpy('source.npy', sources, [rows, k]);
    return { rows, figures: { retrieval: { [group.name]: retrieval } } };
  });
}

async function searchedParts(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
): Promise<MergePartsInput['parts']> {
  const parts: MergePartsInput['parts'][number][] = [];
  for (const part of numbersOf(groupOfShard(run, unit.shard).parts)) {
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
  return parts;
}

async function scoredParts(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
): Promise<NonNullable<MergePartsInput['given']>['parts']> {
  const parts: NonNullable<MergePartsInput['given']>['parts'][number][] = [];
  for (const part of numbersOf(groupOfShard(run, unit.shard).parts)) {
    context.signal.throwIfAborted();
    const key = scoreGivenKey(run, unit.shard, part);
    const file = (name: string): Promise<string> => unitFile(context, unit.cache, 'scoreGiven', key, name);
    const [scores, positiveScores] = await Promise.all([
      file('given-scores.npy'),
      file('positive-scores.npy'),
    ]);
    parts.push({ scores, positiveScores });
  }
  return parts;
}
