import { type CandidatesPerQueryInput, candidatesPerQuery } from './candidates-per-query.ts';
import type { FilterRule } from './job/filters.ts';
import type { Job } from './job.ts';

/**
 * The chain of filters that a job runs: its strategy is a preset, `mining.filters` comes behind the preset's thresholds.
 * The query itself and its known positives are dropped before all of them, whatever the job says.
 */
export type ChainRule = FilterRule | { readonly name: 'self' } | { readonly name: 'known_positive' };

/** What a chain depends on, beside the job. */
export interface ChainInput {
  /** Most positives of one query. */
  readonly maxPositives: number;
  /** Documents of the corpus. */
  readonly documents: number;
  readonly given?: CandidatesPerQueryInput['given'];
}

/**
 * `saha`: the job's filters, before the owners decide (`cluster`).
 * `margin`: what sentence-transformers 6.0.1 does, in its order: the depth of retrieval, absolute margin, relative margin,
 * highest and lowest score, then the job's filters, then the ranks `rangeMin` .. `rangeMax` of what passed.
 */
export function chainOf(mining: Job['mining'], input: ChainInput): readonly ChainRule[] {
  const { filters = [], rangeMin, absoluteMargin, relativeMargin, maxScore, minScore } = mining;
  const first: readonly ChainRule[] = [{ name: 'self' }, { name: 'known_positive' }];
  if (mining.strategy === 'saha') return [...first, ...filters];
  const { rangeMax } = candidatesPerQuery(mining, input);
  const chain: ChainRule[] = [...first];
  chain.push({ name: 'rank_window', from: 0, to: rangeMax + input.maxPositives, of: 'retrieved' });
  if (absoluteMargin !== undefined) chain.push({ name: 'absolute_margin', margin: absoluteMargin });
  if (relativeMargin !== undefined) chain.push({ name: 'relative_margin', margin: relativeMargin });
  if (maxScore !== undefined) chain.push({ name: 'max_score', score: maxScore });
  if (minScore !== undefined) chain.push({ name: 'min_score', score: minScore });
  chain.push(...filters);
  chain.push({ name: 'rank_window', from: rangeMin, to: rangeMax, of: 'passed' });
  return chain;
}

/** What some filters look at beside scores: computed only where a chain asks for it. */
export type Feature = 'owners';

const FEATURES_OF: Partial<Record<ChainRule['name'], readonly Feature[]>> = {
  owner_similar: ['owners'],
};

/** The features that a chain asks for, in a fixed order. */
export function featuresOf(chain: readonly ChainRule[]): readonly Feature[] {
  return [...new Set(chain.flatMap(({ name }) => FEATURES_OF[name] ?? []))].sort();
}
