import type { JobInput } from '@quarry/workflows/job';

/** How the model mines for itself, and how training takes it. */
interface Method {
  readonly mining: JobInput['mining'];
  /** `pairs`: in-batch negatives only; `triplets`: one mined negative per row; `clusters`: whole clusters, flattened. */
  readonly batches: 'pairs' | 'triplets' | 'clusters';
}

const NEGATIVES = 3;

export const SELF_METHODS = {
  'in-batch': { mining: { strategy: 'margin', numNegatives: NEGATIVES }, batches: 'pairs' },
  naive: { mining: { strategy: 'margin', numNegatives: NEGATIVES }, batches: 'triplets' },
  margin: {
    mining: { strategy: 'margin', numNegatives: NEGATIVES, relativeMargin: 0.05, rangeMax: 200 },
    batches: 'triplets',
  },
  SaHa: {
    mining: { strategy: 'saha', topK: 15, poolMultiplier: 3, classification: ['composition'] },
    batches: 'clusters',
  },
} as const satisfies Record<string, Method>;
export type SelfMethod = keyof typeof SELF_METHODS;
