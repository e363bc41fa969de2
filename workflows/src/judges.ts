import type { ChainRule } from './chain.ts';
import type { Job } from './job.ts';

/** Filters that ask a model, each of which is a stage of its own before `filter`. */
export const JUDGES = ['cross_encoder', 'judge'] as const;
export type JudgeName = (typeof JUDGES)[number];

/** A model that a job asks about pairs: a judge, or the one that scores candidates anew. */
export type AskedModel = JudgeName | 'rescore';

/** The stage that does a judge's work. */
export const JUDGE_STAGE = { cross_encoder: 'crossEncode', judge: 'judge' } as const;

/** The judges of a chain in its order: each looks at what the filters before it left undecided. */
export function judgesOf(chain: readonly ChainRule[]): readonly JudgeName[] {
  return chain.flatMap(({ name }) => JUDGES.find((judge) => judge === name) ?? []);
}

/** The filters before a judge. */
export function chainBefore(chain: readonly ChainRule[], judge: JudgeName): readonly ChainRule[] {
  return chain.slice(
    0,
    chain.findIndex(({ name }) => name === judge),
  );
}

/** Where the generator that judges lies: its own path, else the job's generator; null where there is none. */
export function judgePath({ mining, model }: Pick<Job, 'mining' | 'model'>): string | null {
  return mining.judge?.path ?? (model.kind === 'generator' ? model.path : null);
}

/**
 * How many of a query's undecided candidates are judged, where `rows` in all may be: equal shares, the remainder spread
 * evenly. Depends on nothing but the query, so that the cut into shards does not matter.
 */
export function judgedAtMost(rows: number | undefined, query: number, queries: number): number {
  if (rows === undefined) return Number.POSITIVE_INFINITY;
  return Math.floor((rows * (query + 1)) / queries) - Math.floor((rows * query) / queries);
}
