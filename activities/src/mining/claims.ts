/** Of a query that nobody claimed: above every cluster's number. */
export const FREE = 0x7fffffff;

/**
 * Who claimed which query, and each query's last try to make a cluster of its own: 17 bytes per query. Because the
 * number of the claiming cluster is kept instead of a flag, any try can be repeated later as it was, in any order.
 */
export interface Claims {
  /** int32 [Q]: the first cluster that used the query, as anchor or member, else FREE */
  readonly usedBy: Int32Array;
  /** int32 [Q]: the cluster of phase 2 that took the query as a member, else FREE */
  readonly reusedBy: Int32Array;
  /** int32 [Q]: the pair of the query's last try, -1 where the query never tried */
  readonly triedPair: Int32Array;
  /** int32 [Q]: clusters made before that try */
  readonly triedAfter: Int32Array;
  /** uint8 [Q]: phase of that try, 0 where the query never tried */
  readonly triedPhase: Uint8Array;
}

/** The state before the first cluster of `queries` queries. */
export function noClaims(queries: number): Claims {
  return {
    usedBy: new Int32Array(queries).fill(FREE),
    reusedBy: new Int32Array(queries).fill(FREE),
    triedPair: new Int32Array(queries).fill(-1),
    triedAfter: new Int32Array(queries),
    triedPhase: new Uint8Array(queries),
  };
}
