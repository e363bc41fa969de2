import type { Candidates } from '../candidates.ts';
import { CODE } from '../reason-codes.ts';
import type { Filter } from './filter.ts';

/**
 * Drops what the previous round promoted: candidates that it dropped as suspicious and that outrank a known positive, or
 * that a model which it asked called answers. A refreshed round (ANCE, Xiong et al. 2021, arXiv 2007.00808) takes all its
 * negatives anew from the new checkpoint; without this a threshold that moved a little would call such a document negative.
 */
export const promoted = {
  name: 'promoted',
  drop: ({ documents, reasons, promoted: known }: Candidates): void => {
    if (!known || known.length === 0) return;
    for (let place = 0; place < reasons.length; place++) {
      if (reasons[place] === 0 && known.includes(documents[place]!)) reasons[place] = CODE.promoted;
    }
  },
} as const satisfies Filter;
