import { NO_CANDIDATE } from '@quarry/workflows';
import { isPositive, type PositivesOfQueries } from './pairs.ts';
import { CODE } from './reason-codes.ts';

/**
 * The verdicts that need no scores: the query itself first, then its known positives; 0 where a candidate is eligible.
 *
 * @param documents int32 [k]: the query's candidates, -1 padded
 * @param self int32 [2]: documents that are the query itself, -1 none
 * @param reasons uint8 [k]: written
 */
export function markIneligible(
  pairs: PositivesOfQueries,
  query: number,
  documents: Int32Array,
  self: Int32Array,
  reasons: Uint8Array,
): void {
  for (let place = 0; place < documents.length; place++) {
    const document = documents[place]!;
    if (document < 0) reasons[place] = NO_CANDIDATE;
    else if (document === self[0] || document === self[1]) reasons[place] = CODE.self;
    else reasons[place] = isPositive(pairs, query, document) ? CODE.known_positive : 0;
  }
}
