import { CODE } from '../reason-codes.ts';
import { TWIN_WIDTH } from '../twins.ts';
import { type Filter, featureOf } from './filter.ts';

/**
 * Drops a document that is nearly the same as a better candidate of the query: cosine above `above` to one that passed the
 * filters before. It teaches what the better one teaches; and where a later filter drops the better one as an answer, its
 * near-duplicate would have been a false negative. A duplicate of a duplicate goes with it, and none is relaxed.
 *
 * Source: SemDeDup (Abbas et al. 2023, arXiv 2303.09540) keeps one of each group of near-duplicates, here the hardest.
 * Effect (EXPERIMENTS.md, filters one by one): at .7 Banking77 47 % false where skipped ranks of the same hardness leave 63,
 * captions 32 where those leave 28. Of each candidate the four most similar better ones are looked at
 * (`twins.ts`).
 */
export function nearDuplicateNegative({ above }: { readonly above: number }): Filter {
  const code = CODE.near_duplicate_negative;
  return {
    name: 'near_duplicate_negative',
    drop: (candidates) => {
      const { reasons } = candidates;
      const twins = featureOf(candidates, 'twins');
      const passed = (place: number): boolean => reasons[place] === 0 || reasons[place] === code;
      for (let place = 0; place < reasons.length; place++) {
        if (reasons[place] !== 0) continue;
        for (let at = place * TWIN_WIDTH; at < (place + 1) * TWIN_WIDTH; at += 2) {
          if (twins[at + 1]! > above && passed(twins[at]!)) reasons[place] = code;
        }
      }
    },
  };
}
