import type { OwnedCandidates } from '../owned-candidates.ts';
import type { Pairs } from '../pairs.ts';

/** What is known of pairs when clusters of `best` are formed. */
export interface CleanPairs {
  /** K: pairs beside the anchor that a cluster should have. */
  readonly topK: number;
  readonly pairs: Pairs;
  /** Candidates of a range of queries that holds this one, with the chain's verdicts: reason 0 where it passed. */
  readonly candidates: (query: number) => OwnedCandidates;
  /** int32 [Q, 2]: documents that are the query itself, -1 none */
  readonly self: Int32Array;
  /** What the previous round promoted: documents of query q are entries [offsets[q], offsets[q + 1]); null: no such round. */
  readonly promoted: { readonly offsets: Int32Array; readonly documents: Int32Array } | null;
  /** How far the second pair's document is beyond the pair rule's threshold for the first pair's query; above 0: dropped. */
  readonly excess: (anchor: number, other: number) => number;
  /** Similarity of two queries. */
  readonly similarity: (query: number, other: number) => number;
}
