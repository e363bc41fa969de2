import { type Filter, featureOf, thresholdFilter } from './filter.ts';

/**
 * Drops a document that is nearly the same as a positive of the query: cosine above `above` to one of them. Equal contents
 * are one document already; this is for other line breaks, translations of a template, the next revision. A fact like
 * `known_positive`, so it is not relaxed.
 *
 * Source: near-duplicates by cosine of embeddings are SemDeDup's (Abbas et al. 2023, arXiv 2303.09540); that they are
 * trained as negatives was reported for FlagEmbedding (#464). Effect (shared baselines, section 5, idea i): a threshold on
 * s(p, c) alone leaves 1.8, .2, 9.4, 6.7, .5 % false at attainable hardness .8, where the relative margin leaves 3.9, .9, 32, 37, 3.3 %.
 * At .5 alone: Banking77 37 % false where skipped ranks of the same hardness leave 56 (EXPERIMENTS.md, filters one by one).
 */
export function nearDuplicatePositive({ above }: { readonly above: number }): Filter {
  const { name, drop } = thresholdFilter(
    'near_duplicate_positive',
    above,
    (candidates, place) => featureOf(candidates, 'near_positives')[place]!,
  );
  return { name, drop };
}
