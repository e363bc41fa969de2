import { lowestPositive } from '../candidates.ts';
import { CODE } from '../reason-codes.ts';
import type { Filter } from './filter.ts';

/**
 * Drops what scores above the lowest positive score minus `margin`: score + margin > lowest, in float32, as
 * sentence-transformers 6.0.1 (`absolute_margin`) does.
 *
 * Effect (EXPERIMENTS.md, filters one by one): no better than a relative margin, and worse than skipped ranks of the same
 * hardness: captions 9.9 % false where those leave 2.7, Banking77 40 where those leave 32.
 */
export function absoluteMargin({ margin }: { readonly margin: number }): Filter {
  const { fround } = Math;
  const step = fround(margin);
  return {
    name: 'absolute_margin',
    drop: (candidates) => {
      const { scores, reasons } = candidates;
      const lowest = lowestPositive(candidates);
      for (let place = 0; place < reasons.length; place++) {
        if (reasons[place] === 0 && fround(scores[place]! + step) > lowest)
          reasons[place] = CODE.absolute_margin;
      }
    },
    excess: (candidates, place) => candidates.scores[place]! + step - lowestPositive(candidates),
  };
}
