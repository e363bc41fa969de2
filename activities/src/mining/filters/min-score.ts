import { type Filter, thresholdFilter } from './filter.ts';

/**
 * Drops what scores below `score`, in float32 as sentence-transformers 6.0.1 (`min_score`) does: negatives too easy to
 * teach anything.
 *
 * Effect (EXPERIMENTS.md, filters one by one): removes no false negatives; at .5 captions have 40.2 % instead of 38.5.
 */
export function minScore({ score }: { readonly score: number }): Filter {
  return thresholdFilter('min_score', -Math.fround(score), ({ scores }, place) => -scores[place]!);
}
