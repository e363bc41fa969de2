import { z } from 'zod';
import { count, share } from './fields.ts';

/** The filters whose threshold can be found. */
export const CALIBRATED = [
  'pair',
  'relative_margin',
  'absolute_margin',
  'max_score',
  'owner_similar',
] as const;
export type Calibrated = (typeof CALIBRATED)[number];

/** Which filter's threshold; default: the chain's `pair`, else a `relative_margin` that is added. */
const filter = z.enum(CALIBRATED).optional();

/** How a threshold is found that nobody should have to guess. */
export const calibrate = z.union([
  /** The strictest threshold that leaves `keepAtLeast` candidates for this share of the queries. */
  z.strictObject({ filter, keepAtLeast: count, forShareOfQueries: share.default(0.99) }),
  /** The loosest threshold whose estimated share of false negatives is at most this. */
  z.strictObject({ filter, falseNegativeRate: share }),
]);
export type Calibrate = z.output<typeof calibrate>;
