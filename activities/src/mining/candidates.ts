import type { Feature } from '@quarry/workflows/chain';

/** One query's candidates, best first, and what the filters of a chain look at. */
export interface Candidates {
  readonly query: number;
  /** int32 [k], -1 padded */
  readonly documents: Int32Array;
  /** float32 [k] */
  readonly scores: Float32Array;
  /** uint8 [k]: 0 where the candidate is still eligible; filters write their reason codes here */
  readonly reasons: Uint8Array;
  /** int32: the query's positives */
  readonly positives: Int32Array;
  /** float32: the query's scores of its positives, in their order */
  readonly positiveScores: Float32Array;
  /** int32: documents that the previous round promoted for the query, ascending; absent where there is no such round */
  readonly promoted?: Int32Array;
  /** int32: the negatives of the previous round, ascending; absent where none of them is to be kept */
  readonly previous?: Int32Array;
  /** int32 [2]: documents that are the query itself, -1 none */
  readonly self: Int32Array;
  /** only those that the chain asks for; see {@link Features} */
  readonly features: Features;
}

/** What is known of the candidates without any score. */
export type Known = Pick<Candidates, 'documents' | 'reasons' | 'positives' | 'self'>;

/**
 * float32 [k] each: `owners` the most similar owner's similarity to the query, `pair` the measure of the pair rule, NaN
 * where there is none; `neighbours` float32 [k, 11]: the document's ten best query scores, descending, and the share of
 * the queries whose lists hold it.
 */
export type Features = Readonly<Partial<Record<Feature, Float32Array>>>;

/** The lowest score of a positive: what sentence-transformers' margins are taken from. */
export function lowestPositive({ positiveScores }: Candidates): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const score of positiveScores) if (score < lowest) lowest = score;
  return lowest;
}
