import { setImmediate } from 'node:timers/promises';
import type { RunRef } from '@quarry/workflows';
import { type ChainRule, chainOf, featuresOf } from '@quarry/workflows/chain';
import type { Candidates } from '../mining/candidates.ts';
import type { NpyArray } from '../tables/npy.ts';
import { readCandidateArray } from './candidate-lists.ts';
import { readFeatures } from './chain-features.ts';
import type { RunDocument } from './run-document.ts';
import { readShardJudgements, readShardOfPrevious, type ShardLists } from './shard-pairs.ts';
import type { Dependencies, StageContext } from './stage-context.ts';

type Unit = RunRef & { readonly shard: number };

/** One query shard's candidates with what its chain looks at, and the verdicts on them. */
export interface FilterShard {
  readonly rows: number;
  /** Candidates per query. */
  readonly k: number;
  /** int32 [q, k], -1 padded */
  readonly documents: Int32Array;
  /** uint8 [q, k] */
  readonly reasons: Uint8Array;
  /** The candidates of one row: views into the shard's arrays. */
  candidates(row: number): Candidates;
}

/** Reads what the chain of the run's job asks for, and no more. */
export async function readFilterShard(
  dependencies: Dependencies,
  unit: Unit,
  run: RunDocument,
  chain: readonly ChainRule[] = chainOf(run.job.mining, run.plan),
): Promise<FilterShard> {
  const { k } = run.search;
  const queries = run.plan.queryShards[unit.shard]!;
  const rows = queries.end - queries.start;
  const listed = <A extends NpyArray>(name: string): Promise<A> =>
    readCandidateArray<A>(dependencies, unit, run, unit.shard, name);
  const [documents, scores, positiveScores, judgements] = await Promise.all([
    listed<Int32Array>('ids.npy'),
    listed<Float32Array>('scores.npy'),
    listed<Float32Array>('positive-scores.npy'),
    readShardJudgements(dependencies, unit, run, queries),
  ]);
  const features = await readFeatures(dependencies, unit, run, documents, featuresOf(chain));
  const [promoted, previous] = await Promise.all(
    (['promoted', 'previous'] as const).map((what) =>
      readShardOfPrevious(dependencies, unit, run, queries, what),
    ),
  );
  const reasons = new Uint8Array(rows * k);
  const candidates = (row: number): Candidates => {
    const [from, to] = [row * k, (row + 1) * k];
    const [first, last] = [judgements.offsets[row]!, judgements.offsets[row + 1]!];
    return {
      query: queries.start + row,
      documents: documents.subarray(from, to),
      scores: scores.subarray(from, to),
      reasons: reasons.subarray(from, to),
      positives: judgements.documents.subarray(first, last),
      positiveScores: positiveScores.subarray(first, last),
      self: judgements.self.subarray(row * 2, row * 2 + 2),
      ...(promoted && { promoted: listOf(promoted, row) }),
      ...(previous && { previous: listOf(previous, row) }),
      features: Object.fromEntries(
        features.map(({ name, values, width }) => [name, values.subarray(from * width, to * width)]),
      ),
    };
  };
  return { rows, k, documents, reasons, candidates };
}

function listOf({ offsets, documents }: ShardLists, row: number): Int32Array {
  return documents.subarray(offsets[row], offsets[row + 1]);
}

/** Candidates judged between two breaths of the main thread. */
const BREATH_SLOTS = 1 << 16;

/** Calls `judge` for every row, and lets the main thread breathe now and then. */
export async function eachQuery(
  { signal, progress }: StageContext,
  { rows, k }: FilterShard,
  judge: (row: number) => void,
): Promise<void> {
  const breath = Math.max(1, Math.floor(BREATH_SLOTS / k));
  for (let row = 0; row < rows; row++) {
    judge(row);
    if (row % breath !== breath - 1) continue;
    progress(row + 1, rows);
    await setImmediate();
    signal.throwIfAborted();
  }
}
