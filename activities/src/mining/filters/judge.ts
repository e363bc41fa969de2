import { type Filter, featureOf, thresholdFilter } from './filter.ts';

/**
 * Drops what a generator, asked with its own LM head, says is an answer: log-odds of yes against no above `above`. What was
 * not judged passes. After RLHN (Thakur et al. 2025), which relabels false negatives with a language model and reports .7 to
 * 1.4 nDCG@10 on BEIR. Not measured here: no generator at hand can judge.
 */
export function judge({ above }: { readonly above: number }): Filter {
  return thresholdFilter('judge', above, (candidates, place) => featureOf(candidates, 'judge')[place]!);
}
