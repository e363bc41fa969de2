import type { JobInput } from '@quarry/workflows/job';

/** One way to mine. */
export interface Setting {
  readonly filter: string;
  readonly value: number;
  readonly mining: NonNullable<JobInput['mining']>;
}

type Filters = NonNullable<NonNullable<JobInput['mining']>['filters']>;

/** What filters are compared with: the first n ranks are skipped. */
export const SKIPPED: readonly Setting[] = [0, 2, 5, 10, 20, 40].map((n) => ({
  filter: 'rank_window',
  value: n,
  mining: { rangeMin: n },
}));

const alone = (values: readonly number[], rule: (value: number) => Filters[number]): readonly Setting[] =>
  values.map((value) => {
    const filter = rule(value);
    return { filter: filter.name, value, mining: { filters: [filter] } };
  });

export const SETTINGS: readonly Setting[] = [
  ...alone([0, 0.05, 0.1, 0.2], (margin) => ({ name: 'relative_margin', margin })),
  ...alone([0, 0.03, 0.06, 0.12], (margin) => ({ name: 'absolute_margin', margin })),
  ...alone([0.3, 0.5], (score) => ({ name: 'min_score', score })),
  ...alone([1, 3, 10], (within) => ({ name: 'reciprocal_rank', within })),
  ...alone([0.1, 0.05, 0.03], (above) => ({ name: 'hubness', above })),
  ...alone([0.9, 0.8, 0.7, 0.6, 0.5], (above) => ({ name: 'near_duplicate_positive', above })),
  ...alone([0.9, 0.8, 0.7], (above) => ({ name: 'near_duplicate_negative', above })),
];
