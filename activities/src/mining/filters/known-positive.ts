import type { Known } from '../candidates.ts';
import { CODE } from '../reason-codes.ts';
import type { Filter } from './filter.ts';

/**
 * Drops the query's known positives, by id and by content (equal contents are one document). Always there, before every
 * other filter.
 *
 * Source: every miner but GPL's lists, which had positives among the negatives
 * (huggingface/sentence-transformers #1346); FlagEmbedding #464 for duplicates.
 */
export const knownPositive = {
  name: 'known_positive',
  drop: ({ documents, reasons, positives }: Known): void => {
    for (let place = 0; place < reasons.length; place++) {
      if (reasons[place] !== 0) continue;
      for (const positive of positives) {
        if (documents[place] === positive) reasons[place] = CODE.known_positive;
      }
    }
  },
} as const satisfies Filter;
