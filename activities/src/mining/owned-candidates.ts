/** Queries with their similarity to another query: most similar first, equal ones in data-set order. */
export interface OwnerList {
  readonly queries: Int32Array;
  readonly scores: Float32Array;
}

/** One owner with its similarity to a query. */
export interface ScoredOwner {
  readonly owner: number;
  /** float32 */
  readonly score: number;
}

/**
 * The candidates of a contiguous range of queries, best first, with the owners of each. Candidate `place` of query
 * `q` lies in slot `(q - start) * k + place`.
 */
export interface OwnedCandidates {
  /** First query. */
  readonly start: number;
  /** End of the queries, exclusive. */
  readonly end: number;
  /** Candidates per query. */
  readonly k: number;
  /** int32 [slots]: documents, -1 padded at the end of each query's */
  readonly documents: Int32Array;
  /** uint8 [slots]: reason codes of what was dropped before (the query itself, known positives); 0 = eligible */
  readonly reasons: Uint8Array;
  /** int32 [slots + 1]: the owners listed for slot s are entries [ownerOffsets[s], ownerOffsets[s+1]) of `owners` */
  readonly ownerOffsets: Int32Array;
  readonly owners: OwnerList;
}
