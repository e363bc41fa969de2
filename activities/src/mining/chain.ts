import type { ChainRule } from '@quarry/workflows/chain';
import type { Candidates } from './candidates.ts';
import { absoluteMargin } from './filters/absolute-margin.ts';
import { crossEncoder } from './filters/cross-encoder.ts';
import type { Filter } from './filters/filter.ts';
import { hubness } from './filters/hubness.ts';
import { judge } from './filters/judge.ts';
import { knownPositive } from './filters/known-positive.ts';
import { maxScore } from './filters/max-score.ts';
import { minScore } from './filters/min-score.ts';
import { nearDuplicateNegative } from './filters/near-duplicate-negative.ts';
import { nearDuplicatePositive } from './filters/near-duplicate-positive.ts';
import { ownerSimilar } from './filters/owner-similar.ts';
import { pair } from './filters/pair.ts';
import { promoted } from './filters/promoted.ts';
import { rankWindow } from './filters/rank-window.ts';
import { reciprocalRank } from './filters/reciprocal-rank.ts';
import { relativeMargin } from './filters/relative-margin.ts';
import { self } from './filters/self.ts';

/** The filters of a chain, in its order. */
export function compileChain(rules: readonly ChainRule[]): readonly Filter[] {
  return rules.map(compile);
}

function compile(rule: ChainRule): Filter {
  if ('open' in rule) return open(rule.name);
  switch (rule.name) {
    case 'self':
      return self;
    case 'known_positive':
      return knownPositive;
    case 'max_score':
      return maxScore(rule);
    case 'min_score':
      return minScore(rule);
    case 'relative_margin':
      return relativeMargin(rule);
    case 'absolute_margin':
      return absoluteMargin(rule);
    case 'rank_window':
      return rankWindow(rule);
    case 'owner_similar':
      return ownerSimilar(rule);
    case 'reciprocal_rank':
      return reciprocalRank(rule);
    case 'near_duplicate_positive':
      return nearDuplicatePositive(rule);
    case 'near_duplicate_negative':
      return nearDuplicateNegative(rule);
    case 'hubness':
      return hubness(rule);
    case 'pair':
      return pair({ above: rule.above ?? open(rule.name) });
    case 'promoted':
      return promoted;
    case 'cross_encoder':
      return crossEncoder(rule);
    case 'judge':
      return judge(rule);
  }
}

function open(name: string): never {
  throw new RangeError(`the threshold of ${name} is still open: calibrate has not run`);
}

/** Leaves on every candidate the first reason to drop it, in the order of the chain; 0 where it passes. */
export function runChain(chain: readonly Filter[], candidates: Candidates): void {
  for (const filter of chain) filter.drop(candidates);
}
