import type { Range } from '@quarry/workflows';
import { stopIfAborted } from '../../index/vector-index.ts';
import { markIneligible } from '../../mining/eligibility.ts';
import { emptyOwnerLists } from '../../mining/owner-lists.ts';
import { distinctDocuments, listOffsets, scoreOwners } from '../../mining/score-owners.ts';
import type { ShardJudgements } from '../../stages/shard-pairs.ts';
import { LocalNpyWriter, readLocalRows } from '../../tables/local-npy.ts';
import { type OwnerFiles, readOwners } from '../../tables/owner-files.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';

export interface ScoreOwnersInput {
  /** Queries of the shard. */
  readonly queries: Range;
  /** Candidates per query. */
  readonly k: number;
  readonly dimension: number;
  /** Owners listed per candidate, at most. */
  readonly limit: number;
  /** merge: local `.npy` int32 [q, k] */
  readonly ids: string;
  readonly judgements: ShardJudgements;
  readonly owners: OwnerFiles;
  readonly vectors: readonly ShardVectors[];
  /** Local paths to write to. */
  readonly output: { readonly offsets: string; readonly queries: string; readonly scores: string };
}

export interface ScoreOwnersOutput {
  /** Candidates whose owners were looked at. */
  readonly candidates: number;
  /** Of those, candidates without an owner. */
  readonly unowned: number;
  /** Owners listed. */
  readonly owners: number;
}

/** Candidates scored at once. */
const BLOCK_SLOTS = 1 << 18;

/**
 * The owner lists of one query shard's candidates, some queries at a time. Memory: 262,144 candidates (one query where it
 * has more) at 28 bytes and 8 per listed owner, 9 to 71 MiB; their documents' owners at 4 bytes, at most all pairs, and 16 where
 * they lie in the window; and up to 128 MiB of query vectors.
 */
export const run: Kernel<ScoreOwnersInput, ScoreOwnersOutput> = (input, control) => {
  const { queries, k, output } = input;
  const rows = queries.end - queries.start;
  const vectors = new VectorFiles(input.vectors, input.dimension);
  const offsets = new LocalNpyWriter(output.offsets, '<i4');
  const owners = new LocalNpyWriter(output.queries, '<i4');
  const scores = new LocalNpyWriter(output.scores, '<f4');
  const counts = { candidates: 0, unowned: 0, owners: 0 };
  const step = Math.max(1, Math.floor(BLOCK_SLOTS / k));
  offsets.append(Int32Array.of(0));
  for (let start = 0; start < rows; start += step) {
    stopIfAborted(control);
    const end = Math.min(start + step, rows);
    const { lists, places } = scoreBlock(input, vectors, start, end);
    offsets.append(lists.offsets.subarray(1).map((offset) => offset + counts.owners));
    owners.append(lists.queries);
    scores.append(lists.scores);
    counts.owners += lists.queries.length;
    places.forEach((place, slot) => {
      if (place < 0) return;
      counts.candidates++;
      if (lists.filled[slot] === 0) counts.unowned++;
    });
    control.progress(end * k, rows * k);
  }
  for (const file of [offsets, owners, scores]) file.finish();
  return counts;
};

/** Rows [start, end) of the shard. */
function scoreBlock(input: ScoreOwnersInput, vectors: VectorFiles, start: number, end: number) {
  const { queries, k, dimension, limit } = input;
  const documents = readLocalRows(input.ids, start, end, new Int32Array((end - start) * k));
  const { distinct, places } = distinctDocuments(documents, eligibility(input, documents, start, end));
  const owners = readOwners(input.owners, distinct);
  const lists = emptyOwnerLists(listOffsets({ places, owners }, limit));
  const own = vectors.read(queries.start + start, queries.start + end).vectors;
  const needed = owners.queries.slice().sort();
  for (const window of vectors.windows(needed)) {
    scoreOwners({ k, vectors: own, dimension, places, owners }, window, lists);
  }
  return { lists, places };
}

/** uint8 [slots]: 0 where the candidate is neither the query itself nor a known positive. */
function eligibility(
  { k, judgements }: ScoreOwnersInput,
  documents: Int32Array,
  start: number,
  end: number,
): Uint8Array {
  const pairs = { queryPairs: judgements.offsets, pairDocument: judgements.documents };
  const reasons = new Uint8Array(documents.length);
  for (let row = start; row < end; row++) {
    const from = (row - start) * k;
    const self = judgements.self.subarray(row * 2, row * 2 + 2);
    markIneligible(pairs, row, documents.subarray(from, from + k), self, reasons.subarray(from, from + k));
  }
  return reasons;
}
