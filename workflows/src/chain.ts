import { calibratedFilter } from './calibrated-filter.ts';
import { type CandidatesPerQueryInput, candidatesPerQuery } from './candidates-per-query.ts';
import type { Calibrated } from './job/calibrate.ts';
import type { FilterRule } from './job/filters.ts';
import type { Job } from './job.ts';

/**
 * The chain of filters that a job runs: its strategy is a preset, `mining.filters` comes behind the preset's thresholds.
 * The query itself and its known positives are dropped before all of them, whatever the job says.
 */
export type ChainRule =
  | FilterRule
  | { readonly name: 'self' }
  | { readonly name: 'known_positive' }
  | { readonly name: 'promoted' }
  | OpenRule;

/** A filter whose threshold `calibrate` finds. */
export interface OpenRule {
  readonly name: Exclude<Calibrated, 'pair'>;
  readonly open: true;
}

export type PairRule = Extract<FilterRule, { readonly name: 'pair' }>;

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
 * `best`: the job's filters, then the pair rule with a threshold that is found.
 * `margin`: what sentence-transformers 6.0.1 does, in its order: the depth of retrieval, absolute margin, relative margin,
 * highest and lowest score, then the job's filters, then the ranks `rangeMin` .. `rangeMax` of what passed.
 */
export function chainOf(mining: Job['mining'], input: ChainInput): readonly ChainRule[] {
  const { rangeMin, absoluteMargin, relativeMargin, maxScore, minScore } = mining;
  const filters = withJudge(mining);
  const chain: ChainRule[] = [{ name: 'self' }, { name: 'known_positive' }];
  if (mining.previousRun !== undefined) chain.push({ name: 'promoted' });
  if (mining.strategy !== 'margin') {
    const preset = mining.strategy === 'best' && !filters.some(({ name }) => name === 'pair');
    chain.push(...filters, ...opened(mining));
    if (preset) chain.push({ name: 'pair', owners: 'auto' });
    return chain;
  }
  const { rangeMax } = candidatesPerQuery(mining, input);
  chain.push({ name: 'rank_window', from: 0, to: rangeMax + input.maxPositives, of: 'retrieved' });
  if (absoluteMargin !== undefined) chain.push({ name: 'absolute_margin', margin: absoluteMargin });
  if (relativeMargin !== undefined) chain.push({ name: 'relative_margin', margin: relativeMargin });
  if (maxScore !== undefined) chain.push({ name: 'max_score', score: maxScore });
  if (minScore !== undefined) chain.push({ name: 'min_score', score: minScore });
  chain.push(...filters, ...opened(mining));
  chain.push({ name: 'rank_window', from: rangeMin, to: rangeMax, of: 'passed' });
  return chain;
}

/**
 * The job's filters, with the judge at their end where the job names one and gives it no place: before a threshold that is
 * calibrated, because that is read from what the other filters leave.
 */
function withJudge({ filters = [], judge }: Job['mining']): readonly FilterRule[] {
  if (judge === undefined || filters.some(({ name }) => name === 'judge')) return filters;
  return [...filters, { name: 'judge', above: 0 }];
}

/** The filter that `calibrate` adds to the chain; the pair rule stands there already. */
function opened(mining: Job['mining']): readonly OpenRule[] {
  const name = calibratedFilter(mining);
  return name === undefined || name === 'pair' ? [] : [{ name, open: true }];
}

/** The rule whose threshold is open, if there is one. */
export function openRule(chain: readonly ChainRule[]): OpenRule | PairRule | undefined {
  return chain.find(
    (rule): rule is OpenRule | PairRule =>
      'open' in rule || (rule.name === 'pair' && rule.above === undefined),
  );
}

/** The chain with its open threshold closed: what the open filter measures must not lie above it. */
export function closedChain(chain: readonly ChainRule[], above: number): readonly ChainRule[] {
  const open = openRule(chain);
  return chain.map((rule) => (open !== undefined && rule === open ? closed(open, above) : rule));
}

function closed(rule: OpenRule | PairRule, above: number): ChainRule {
  switch (rule.name) {
    case 'pair':
      return { ...rule, above };
    case 'owner_similar':
      return { name: 'owner_similar', above };
    case 'max_score':
      return { name: 'max_score', score: above };
    case 'relative_margin':
      return { name: 'relative_margin', margin: -above };
    case 'absolute_margin':
      return { name: 'absolute_margin', margin: -above };
  }
}

/** What a model that was asked says of a candidate, and how far that is from the query's lowest positive. */
export type JudgeFeature = 'cross_encoder' | 'cross_encoder_margin' | 'judge';

/** What some filters look at beside scores: computed only where a chain asks for it. */
export type Feature = 'owners' | 'pair' | 'neighbours' | 'near_positives' | 'twins' | JudgeFeature;

const FEATURES_OF: Partial<Record<ChainRule['name'], readonly Feature[]>> = {
  owner_similar: ['owners'],
  pair: ['pair'],
  near_duplicate_positive: ['near_positives'],
  near_duplicate_negative: ['twins'],
  reciprocal_rank: ['neighbours'],
  hubness: ['neighbours'],
  cross_encoder: ['cross_encoder', 'cross_encoder_margin'],
  judge: ['judge'],
};

/** The features that a chain asks for, in a fixed order. */
export function featuresOf(chain: readonly ChainRule[]): readonly Feature[] {
  return [...new Set(chain.flatMap(({ name }) => FEATURES_OF[name] ?? []))].sort();
}
