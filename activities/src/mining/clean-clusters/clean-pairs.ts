import type { OwnedCandidates } from '../owned-candidates.ts';
import { isPositive, type Pairs } from '../pairs.ts';

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

/**
 * Whether two pairs may stand in one batch: no document of one is known to answer the other's query or was dropped by the
 * chain for it, and both directions pass the pair rule. So nothing is ever unfiltered, wherever a pair was found.
 */
export function areCompatible(space: CleanPairs, a: number, b: number): boolean {
  const { pairQuery } = space.pairs;
  if (pairQuery[a] === pairQuery[b]) return false;
  if (isBarred(space, a, b) || isBarred(space, b, a)) return false;
  return space.excess(a, b) <= 0 && space.excess(b, a) <= 0;
}

/** Whether a fact, or the chain, speaks against the second pair's document for the first pair's query. */
function isBarred({ pairs, self, promoted, candidates }: CleanPairs, a: number, b: number): boolean {
  const query = pairs.pairQuery[a]!;
  const document = pairs.pairDocument[b]!;
  if (isPositive(pairs, query, document)) return true;
  if (self[2 * query] === document || self[2 * query + 1] === document) return true;
  if (promoted?.documents.subarray(promoted.offsets[query], promoted.offsets[query + 1]).includes(document))
    return true;
  const { start, k, documents, reasons } = candidates(query);
  const first = (query - start) * k;
  const place = documents.subarray(first, first + k).indexOf(document);
  return place >= 0 && reasons[first + place] !== 0;
}
