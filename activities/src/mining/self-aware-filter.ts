import type { Saha } from './anchor.ts';
import { isPositive } from './pairs.ts';

/**
 * The order in which the pool of owners is kept from (step 3e): the least similar to the anchor first, equal ones in
 * rank order; for a classification set rank order.
 *
 * @param scores similarity of each owner in the pool to the anchor's query
 * @returns places in the pool
 */
export function selfAwareOrder(scores: readonly number[], classification: boolean): number[] {
  const order = scores.map((_, place) => place);
  return classification ? order : order.sort((a, b) => scores[a]! - scores[b]!);
}

/** Whether one of two pairs would train a known positive of the other as its in-batch negative (strict e and f). */
export function conflict({ pairs }: Saha, a: number, b: number): boolean {
  const { pairQuery, pairDocument } = pairs;
  return (
    isPositive(pairs, pairQuery[a]!, pairDocument[b]!) || isPositive(pairs, pairQuery[b]!, pairDocument[a]!)
  );
}
