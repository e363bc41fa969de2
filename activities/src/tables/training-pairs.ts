import type { Range, Table } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { ALL_PAIRS, NO_PAIR } from '../mining/emitted-pairs.ts';

/** One query shard's candidates with their final verdicts, as the makers of table rows need them. */
export interface TrainingShard {
  /** Dense query ids. */
  readonly queries: Range;
  /** Candidates per query. */
  readonly k: number;
  /** int32 [q, k]: documents, -1 padded. */
  readonly ids: Int32Array;
  /** int16 [q, keptWidth]: places of the kept candidates, in the order of the negatives, -1 padded. */
  readonly kept: Int16Array;
  readonly keptWidth: number;
  /** int32 [q]: the pair whose rows come out; {@link ALL_PAIRS}, {@link NO_PAIR}. */
  readonly pair: Int32Array;
  /** int32 [q + 1]: the pairs of the shard's i-th query are the plan's pairs [queryPairs[i], queryPairs[i + 1]). */
  readonly queryPairs: Int32Array;
  /** int32: documents of the pairs from `queryPairs[0]` on. */
  readonly pairDocument: Int32Array;
}

/** Calls `emit` for every pair that has rows in the training tables, in pair order; `query` is dense. */
export function forEachTrainingPair(
  shard: TrainingShard,
  emit: (query: number, positive: number, negatives: Int32Array) => void,
): void {
  const { queries, k, ids, kept, keptWidth, pair, queryPairs, pairDocument } = shard;
  const negatives = new Int32Array(keptWidth);
  for (let i = 0; i < queries.end - queries.start; i++) {
    const which = pair[i]!;
    if (which === NO_PAIR) continue;
    let count = 0;
    for (let n = 0; n < keptWidth; n++) {
      const place = kept[i * keptWidth + n]!;
      if (place >= 0) negatives[count++] = ids[i * k + place]!;
    }
    const found = negatives.subarray(0, count);
    const first = which === ALL_PAIRS ? queryPairs[i]! : which;
    const end = which === ALL_PAIRS ? queryPairs[i + 1]! : which + 1;
    for (let p = first; p < end; p++) emit(queries.start + i, pairDocument[p - queryPairs[0]!]!, found);
  }
}

/** Accounting: a shard has at least the rows that `arrange` counted for it; a QuarryError `BadArtefact` otherwise. */
export function assertRows(table: Table, found: number, expected: number): void {
  if (found >= expected) return;
  throw new QuarryError(
    'BadArtefact',
    `${table}: a query shard has ${found} rows where its verdicts were counted as at least ${expected}; the cache holds results of another version: remove it and start the job again`,
  );
}
