import { type Filter, featureOf, thresholdFilter } from './filter.ts';

/**
 * The pair rule: the anchor and its positives against the candidate and its owners, compared as pair vectors under the
 * metric of the known pairs (`pair-metric.ts`), less half of each side's hubness. Symmetric in the two pairs, so clusters
 * can be formed under it. Needs no labels; without `above` the threshold is calibrated.
 *
 * Source: the pair rule of the shared baselines (section 4), with a learnt metric instead of plain cosines, one bundled
 * vector per pair instead of four scores (one inner product per candidate, owned and unowned on one scale), and hubness
 * from the lists of retrieval. Effect (EXPERIMENTS.md, attainable hardness .8, five sets): .2, .0, .0,
 * .1 and .0 % false where a relative margin leaves 3.9, 1.0, 32, 37 and 3.3 %.
 */
export function pair({ above }: { readonly above: number }): Filter {
  return thresholdFilter('pair', above, (candidates, place) => featureOf(candidates, 'pair')[place]!);
}

/** Likeness of two pairs less half of each one's hubness: what `above` is compared with. */
export function pairMeasure(likeness: number, anchorHubness: number, candidateHubness: number): number {
  return likeness - (anchorHubness + candidateHubness) / 2;
}
