/** The (query, positive) pairs of the data set, equal ones once, sorted by (query, data-set order). */
export interface Pairs {
  /** int32 [P] */
  readonly pairQuery: Int32Array;
  /** int32 [P] */
  readonly pairDocument: Int32Array;
  /** int32 [P]: place in data-set order, a permutation of 0..P-1 */
  readonly pairRow: Int32Array;
  /** int32 [Q+1]: the pairs of query q are pairs [queryPairs[q], queryPairs[q+1]) */
  readonly queryPairs: Int32Array;
}

/** What is needed to know the positives of a query. */
export type PositivesOfQueries = Pick<Pairs, 'pairDocument' | 'queryPairs'>;

/** Index of the pair (query, document), -1 where the document is no positive of the query. */
export function pairOf(
  { queryPairs, pairDocument }: PositivesOfQueries,
  query: number,
  document: number,
): number {
  const end = queryPairs[query + 1]!;
  for (let pair = queryPairs[query]!; pair < end; pair++) {
    if (pairDocument[pair] === document) return pair;
  }
  return -1;
}

export function isPositive(pairs: PositivesOfQueries, query: number, document: number): boolean {
  return pairOf(pairs, query, document) >= 0;
}

/** The pairs in data-set order: SaHa's rows. */
export function pairsInOrder({ pairRow }: Pick<Pairs, 'pairRow'>): Int32Array {
  const order = new Int32Array(pairRow.length);
  for (let pair = 0; pair < pairRow.length; pair++) order[pairRow[pair]!] = pair;
  return order;
}
