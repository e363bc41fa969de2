import type { Sampling } from '@quarry/workflows/job/sampling';
import type { Candidates } from './candidates.ts';
import type { Filter } from './filters/filter.ts';
import { CODE } from './reason-codes.ts';
import { relaxed } from './relax.ts';
import { sampled } from './sampling/sampled.ts';

/** What becomes of a query's candidates. */
export interface KeepRule {
  readonly chain: readonly Filter[];
  readonly numNegatives: number;
  readonly sampling: Sampling;
  readonly underFill: 'drop' | 'keep' | 'relax';
  readonly seed: number;
  /** Share of `numNegatives` that may come from the previous round; default 0. */
  readonly keepPrevious?: number;
}

/** The kept candidates of one query. */
export interface Kept {
  /** Places, best first. */
  readonly places: readonly number[];
  /** Of those, how many a threshold was relaxed for. */
  readonly relaxed: number;
}

/**
 * Keeps up to `numNegatives` of the candidates that passed the chain, which has run, and leaves a verdict on each:
 * `not_sampled` where the count was full, `under_filled` where `underFill: drop` gives up a query.
 */
export function keepNegatives(rule: KeepRule, candidates: Candidates): Kept {
  const { reasons } = candidates;
  const passed: number[] = [];
  for (let place = 0; place < reasons.length; place++) if (reasons[place] === 0) passed.push(place);
  const old = stillNegative(rule, candidates, passed);
  const others = passed.filter((place) => !old.includes(place));
  const anew = { ...rule, numNegatives: rule.numNegatives - old.length };
  const taken = [...old, ...sampled(anew, candidates, others)];
  for (const place of passed) reasons[place] = CODE.not_sampled;
  const missing = rule.numNegatives - taken.length;
  if (missing > 0 && rule.underFill === 'drop') {
    for (const place of passed) reasons[place] = CODE.under_filled;
    return { places: [], relaxed: 0 };
  }
  const more = missing > 0 && rule.underFill === 'relax' ? relaxed(rule.chain, candidates, missing) : [];
  const places = [...taken, ...more].sort((a, b) => a - b);
  for (const place of places) reasons[place] = 0;
  return { places, relaxed: more.length };
}

/**
 * Negatives of the previous round that passed the chain again, the hardest first, as many as that round may give. Rounds of
 * ANCE (Xiong et al. 2020, arXiv 2007.00808) take all negatives anew; what stays makes the change of a refresh smaller.
 */
function stillNegative(
  { numNegatives, keepPrevious = 0 }: KeepRule,
  { documents, previous }: Candidates,
  passed: readonly number[],
): readonly number[] {
  if (!previous) return [];
  return passed
    .filter((place) => previous.includes(documents[place]!))
    .slice(0, Math.round(keepPrevious * numNegatives));
}
