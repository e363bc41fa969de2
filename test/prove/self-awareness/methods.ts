import { METHODS, type Method } from '../training/methods.ts';

const { 'in-batch': inBatch, naive, PercPos, SaHa } = METHODS;

/** How the model mines for itself, and how training takes it: as MiniLM's training does, with the drawn labels as classes. */
export const SELF_METHODS = {
  'in-batch': inBatch,
  naive,
  margin: PercPos,
  SaHa: { ...SaHa, mining: { ...SaHa.mining, classification: ['composition'] } },
} satisfies Record<string, Method>;
export type SelfMethod = keyof typeof SELF_METHODS;
