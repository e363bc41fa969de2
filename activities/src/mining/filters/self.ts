import { NO_CANDIDATE } from '@quarry/workflows';
import type { Known } from '../candidates.ts';
import { CODE } from '../reason-codes.ts';
import type { Filter } from './filter.ts';

/**
 * Drops the document that is the query itself: equal content, or equal id with `input.sameIdSpace`. Always first; places
 * that hold no candidate get their code here.
 *
 * Effect: on text-to-text sets (Banking77, CLINC150, captions) the query is its own nearest document.
 */
export const self = {
  name: 'self',
  drop: ({ documents, reasons, self: [first, second] }: Known): void => {
    for (let place = 0; place < reasons.length; place++) {
      const document = documents[place]!;
      if (document < 0) reasons[place] = NO_CANDIDATE;
      else if (reasons[place] === 0 && (document === first || document === second))
        reasons[place] = CODE.self;
    }
  },
} as const satisfies Filter;
