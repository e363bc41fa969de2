import type { JobInput } from '@quarry/workflows/job';

/** How negatives are mined, and how the trainer takes them. */
export interface Method {
  readonly mining: JobInput['mining'];
  /** `pairs`: in-batch negatives only; `triplets`: one mined negative per row; `clusters`: whole clusters as batches. */
  readonly batches: 'pairs' | 'triplets' | 'clusters';
}

/** Negatives mined per query, one of which is drawn for every row of a batch. */
const NEGATIVES = 3;

export const METHODS = {
  'in-batch': { mining: { strategy: 'margin', numNegatives: NEGATIVES }, batches: 'pairs' },
  naive: { mining: { strategy: 'margin', numNegatives: NEGATIVES }, batches: 'triplets' },
  PercPos: {
    mining: { strategy: 'margin', numNegatives: NEGATIVES, relativeMargin: 0.05, rangeMax: 200 },
    batches: 'triplets',
  },
  best: { mining: { strategy: 'best', numNegatives: NEGATIVES }, batches: 'triplets' },
  SaHa: { mining: { strategy: 'saha', topK: 15, poolMultiplier: 3 }, batches: 'clusters' },
} as const satisfies Record<string, Method>;
export type MethodName = keyof typeof METHODS;
