import { NEIGHBOURS } from '../hubness.ts';
import { type Filter, featureOf, thresholdFilter } from './filter.ts';

/**
 * Drops a document that is a candidate of more than this share of the queries: a hub is near everything, and as a
 * negative it teaches only that. Source: hubs in high dimensions (Radovanovic et al. 2010). It spreads the negatives
 * over more documents.
 *
 * Effect (EXPERIMENTS.md, filters one by one): no gain in false negatives: at 5 % of the queries 63 % on Banking77 where
 * skipped ranks of the same hardness leave 65, 26 % on captions where those leave 12.
 */
export function hubness({ above }: { readonly above: number }): Filter {
  return thresholdFilter(
    'hubness',
    above,
    (candidates, place) => featureOf(candidates, 'neighbours')[place * (NEIGHBOURS + 1) + NEIGHBOURS]!,
  );
}
