import { CODE } from '../reason-codes.ts';
import type { Filter } from './filter.ts';

export interface RankWindow {
  /** Places to skip. */
  readonly from: number;
  /** The first place that is no longer looked at; undefined: none. */
  readonly to?: number | undefined;
  /** Places among the candidates that passed the filters before, or among all but the query itself. */
  readonly of: 'passed' | 'retrieved';
}

/**
 * Drops what lies outside the places `from` .. `to`. `of: passed` is sentence-transformers' `range_min`, `range_max`
 * (which count the survivors of its thresholds); `of: retrieved` is the usual "skip the first n ranks".
 *
 * Effect (shared baselines): skipping n ranks has fewer false negatives at equal hardness than relative margins on all
 * five sets (attainable .8: 1.8, .4, 16, 23, .5 % against 3.9, .9, 32, 37, 3.3 %).
 */
export function rankWindow({ from, to = Number.POSITIVE_INFINITY, of }: RankWindow): Filter {
  return {
    name: 'rank_window',
    drop: ({ reasons }) => {
      let rank = 0;
      for (let place = 0; place < reasons.length; place++) {
        const counts = of === 'retrieved' ? reasons[place] !== CODE.self : reasons[place] === 0;
        if (!counts) continue;
        if (reasons[place] === 0 && (rank < from || rank >= to)) reasons[place] = CODE.rank_window;
        rank++;
      }
    },
  };
}
