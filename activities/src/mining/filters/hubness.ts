import { NEIGHBOURS } from '../hubness.ts';
import { type Filter, featureOf, thresholdFilter } from './filter.ts';

/**
 * Drops a document that is a candidate of more than this share of the queries: a hub is near everything, and as a
 * negative it teaches only that. Source: hubs in high dimensions (Radovanovic et al. 2010). It removes no false negatives
 * to speak of; it spreads the negatives over more documents.
 */
export function hubness({ above }: { readonly above: number }): Filter {
  return thresholdFilter(
    'hubness',
    above,
    (candidates, place) => featureOf(candidates, 'neighbours')[place * (NEIGHBOURS + 1) + NEIGHBOURS]!,
  );
}
