/** `pair.npy`: rows are emitted for every pair of the query. */
export const ALL_PAIRS = -1;
/** `pair.npy`: no rows are emitted for the query. */
export const NO_PAIR = -2;

/** Pairs whose rows are emitted for a query of `pairs` pairs, given its entry in `pair.npy`. */
export function emittedPairs(pair: number, pairs: number): number {
  if (pair === NO_PAIR) return 0;
  return pair === ALL_PAIRS ? pairs : 1;
}
