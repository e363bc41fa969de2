import type { Known } from './candidates.ts';
import { knownPositive } from './filters/known-positive.ts';
import { self } from './filters/self.ts';
import type { PositivesOfQueries } from './pairs.ts';

/**
 * The verdicts that need no scores and begin every chain: the query itself first, then its known positives; 0 where a
 * candidate is eligible.
 *
 * @param documents int32 [k]: the query's candidates, -1 padded
 * @param itself int32 [2]: documents that are the query itself, -1 none
 * @param reasons uint8 [k]: written
 */
export function markIneligible(
  { queryPairs, pairDocument }: PositivesOfQueries,
  query: number,
  documents: Int32Array,
  itself: Int32Array,
  reasons: Uint8Array,
): void {
  const positives = pairDocument.subarray(queryPairs[query]!, queryPairs[query + 1]!);
  const known: Known = { documents, reasons, positives, self: itself };
  self.drop(known);
  knownPositive.drop(known);
}
