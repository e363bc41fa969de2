import { z } from 'zod';
import { calibrate } from './calibrate.ts';
import { share, uri } from './fields.ts';
import { filter } from './filters.ts';
import { judge, rescore } from './judges.ts';
import { sampling, underFill } from './sampling.ts';

/** Which candidates become negatives. */
export const mining = z.strictObject({
  strategy: z.enum(['saha', 'margin', 'best']).default('saha'),
  /** K of the paper: pairs kept for an anchor. */
  topK: z.int().min(1).max(1000).default(15),
  /** m of the paper: strength of the self-aware filter. */
  poolMultiplier: z.int().min(1).max(100).default(3),
  /** Documents without an owner: passed over, or negatives of triplets. */
  unowned: z.enum(['drop', 'keep']).default('drop'),
  /**
   * SaHa's classification case: rank order instead of the self-aware filter; for all groups or for those named. Default:
   * the format's (`mmeb`: MMEB's ten classification subsets).
   */
  classification: z.union([z.boolean(), z.array(z.string()).min(1)]).optional(),
  /** Candidates retrieved per query, with `best`. */
  candidates: z.int().min(1).max(30_000).optional(),
  /** Negatives of an n-tuple; with `margin` of a query. */
  numNegatives: z.int().min(1).max(1000).default(3),
  relativeMargin: share.optional(),
  absoluteMargin: z.number().min(0).optional(),
  maxScore: z.number().optional(),
  minScore: z.number().optional(),
  /** Ranks to skip. */
  rangeMin: z.int().min(0).default(0),
  /** Last rank looked at (exclusive). */
  rangeMax: z.int().min(1).optional(),
  /** The job's own filters, behind those of the strategy; see `chain.ts`. */
  filters: z.array(filter).max(32).optional(),
  /** The generator as judge; without a filter `judge` it comes behind all other filters. */
  judge: judge.optional(),
  /** With `margin`: candidates and positives are scored anew by a cross-encoder, before anything is dropped. */
  rescore: rescore.optional(),
  /** Directory of the committed run of an earlier round: what it promoted is no negative. */
  previousRun: uri.optional(),
  /**
   * Share of `numNegatives` that may be negatives of that round, which still pass the chain, the hardest first; the others are
   * this round's. Default: all negatives are taken anew (ANCE's refresh).
   */
  keepPrevious: share.optional(),
  sampling: sampling.default('top'),
  underFill: underFill.optional(),
  /** Finds the threshold of one filter. */
  calibrate: calibrate.optional(),
});
