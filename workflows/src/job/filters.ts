import { z } from 'zod';
import { count, share } from './fields.ts';
import { crossEncoder, judgeFilter } from './judges.ts';

/**
 * The filters that a job may put into its chain (`mining.filters`), in the order in which they look. Each is one file of
 * the same name in `activities/src/mining/filters/`, with its source and its measured effect.
 */

const similarity = z.number().min(-1).max(1);

const maxScore = z.strictObject({ name: z.literal('max_score'), score: z.number() });
const minScore = z.strictObject({ name: z.literal('min_score'), score: z.number() });
const relativeMargin = z.strictObject({ name: z.literal('relative_margin'), margin: share });
const absoluteMargin = z.strictObject({ name: z.literal('absolute_margin'), margin: z.number().min(0) });
const rankWindow = z.strictObject({
  name: z.literal('rank_window'),
  /** Candidates to skip from the top. */
  from: z.int().min(0).default(0),
  /** The first place that is no longer looked at. */
  to: count.optional(),
  /** Places are counted among those that passed the filters before, or among all that were retrieved. */
  of: z.enum(['passed', 'retrieved']).default('passed'),
});
const ownerSimilar = z.strictObject({
  name: z.literal('owner_similar'),
  /** Dropped where the most similar owner's similarity to the query is above this. */
  above: similarity,
});

/** The whole pair against the whole pair; without `above` the threshold is calibrated. */
const pair = z.strictObject({
  name: z.literal('pair'),
  above: z.number().optional(),
  /** Whether a document stands with its owners; `auto` decides from how alike queries of one document are. */
  owners: z.union([z.literal('auto'), z.boolean()]).default('auto'),
});
/** Cosine of two documents above which they are the same for training. */
const sameAbove = z.number().gt(0).lt(1).default(0.95);
const nearDuplicatePositive = z.strictObject({
  name: z.literal('near_duplicate_positive'),
  /** Dropped where the cosine to a positive of the query is above this. */
  above: sameAbove,
});
const nearDuplicateNegative = z.strictObject({
  name: z.literal('near_duplicate_negative'),
  /** Dropped where the cosine to a better candidate that passed the filters before is above this. */
  above: sameAbove,
});
const reciprocalRank = z.strictObject({
  name: z.literal('reciprocal_rank'),
  /** Dropped where the query is among this many nearest queries of the document. */
  within: z.int().min(1).max(10),
});
const hubness = z.strictObject({
  name: z.literal('hubness'),
  /** Dropped where the document is a candidate of more than this share of the queries. */
  above: share,
});

/** A filter with its parameters. */
export const filter = z.discriminatedUnion('name', [
  maxScore,
  minScore,
  relativeMargin,
  absoluteMargin,
  rankWindow,
  ownerSimilar,
  pair,
  nearDuplicatePositive,
  nearDuplicateNegative,
  reciprocalRank,
  hubness,
  crossEncoder,
  judgeFilter,
]);
export type FilterRule = z.output<typeof filter>;
export type FilterName = FilterRule['name'];
