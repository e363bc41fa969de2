import { dot } from '../dot.ts';
import { pairMeasure } from '../filters/pair.ts';
import type { Pairs } from '../pairs.ts';

/** Some vectors of one side, one of which is wanted. */
export interface VectorWindow {
  readonly start: number;
  readonly vectors: Float32Array;
}

/** What the pair rule compares, by dense id. */
export interface PairRuleParts {
  readonly pairs: Pick<Pairs, 'pairQuery' | 'pairDocument'>;
  readonly dimension: number;
  /** Windows that hold the pair vector of a query, of a document. */
  readonly query: (query: number) => VectorWindow;
  readonly document: (document: number) => VectorWindow;
  /** float32 [Q], float32 [D] */
  readonly queryHubness: Float32Array;
  readonly documentHubness: Float32Array;
  readonly above: number;
}

/**
 * How far the second pair's document is beyond the threshold of the pair rule for the first pair's query; above 0 it looks
 * like an answer. Two pairs that pass in both directions are negatives of each other in one batch.
 */
export function pairExcess(parts: PairRuleParts, anchor: number, other: number): number {
  const { pairs, dimension: d, queryHubness, documentHubness, above } = parts;
  const query = pairs.pairQuery[anchor]!;
  const document = pairs.pairDocument[other]!;
  const own = parts.query(query);
  const its = parts.document(document);
  const likeness = dot(own.vectors, (query - own.start) * d, its.vectors, (document - its.start) * d, d);
  return pairMeasure(likeness, queryHubness[query]!, documentHubness[document]!) - above;
}
