import { type Filter, featureOf, thresholdFilter } from './filter.ts';

/**
 * Drops a candidate whose most similar owner is more similar to the query than `above`: SaHa's look from query space
 * (arXiv 2508.00955) as a threshold, for triplets. A document without an owner passes.
 *
 * Effect (shared baselines, idea iii, attainable hardness .8): 9.5 % false on Banking77, 7.8 on CLINC150, .2 on captions
 * against 32, 37, 3.3 for a relative margin; nothing where few documents have an owner.
 */
export function ownerSimilar({ above }: { readonly above: number }): Filter {
  return thresholdFilter(
    'owner_similar',
    above,
    (candidates, place) => featureOf(candidates, 'owners')[place]!,
  );
}
