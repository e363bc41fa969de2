import { lowestPositive } from '../candidates.ts';
import { CODE } from '../reason-codes.ts';
import type { Filter } from './filter.ts';

/**
 * Drops what scores above the lowest positive score p less `margin` of it: score > p - |p| margin, in float32, as
 * sentence-transformers 6.0.1 (`relative_margin`, sign-safe since #3821) does. NV-Retriever's TopK-PercPos (arXiv
 * 2407.15831) is `margin: 0.05`.
 *
 * Effect (shared baselines, attainable hardness .8): 3.9 % false on Cranfield, 32 on Banking77, 37 on CLINC150, 3.3 on
 * captions: worse than skipping the first ranks on all five sets.
 */
export function relativeMargin({ margin }: { readonly margin: number }): Filter {
  const { fround } = Math;
  const part = fround(margin);
  const bar = (lowest: number): number => fround(lowest - fround(Math.abs(lowest) * part));
  return {
    name: 'relative_margin',
    drop: (candidates) => {
      const { scores, reasons } = candidates;
      const highest = bar(lowestPositive(candidates));
      for (let place = 0; place < reasons.length; place++) {
        if (reasons[place] === 0 && scores[place]! > highest) reasons[place] = CODE.relative_margin;
      }
    },
    excess: (candidates, place) => candidates.scores[place]! - bar(lowestPositive(candidates)),
  };
}
