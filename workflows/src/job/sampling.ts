import { z } from 'zod';
import { count } from './fields.ts';

/** Which of the candidates that passed the chain are taken. */
export const sampling = z.union([
  /** The best, or every choice equally likely. */
  z.enum(['top', 'random']),
  /** SimANS (Zhou et al. 2022): drawn with weight exp(-a (s - p - b)^2), p the mean score of the positives. */
  z.strictObject({
    simans: z.strictObject({ a: z.number().min(0).default(200), b: z.number().default(-0.1) }),
  }),
  /** From hard to easy: one from each of as many equal stretches of the first `of` (default: all) that passed. */
  z.strictObject({ spread: z.strictObject({ of: count.optional() }) }),
]);
export type Sampling = z.output<typeof sampling>;

/**
 * A query with fewer than `numNegatives`: `keep` what there is, `drop` them all, or `relax` the thresholds for it, the
 * last of the chain first.
 */
export const underFill = z.enum(['drop', 'keep', 'relax']);
