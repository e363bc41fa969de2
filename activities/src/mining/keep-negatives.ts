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
  const taken = sampled(rule, candidates, passed);
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
