import type { SpooledText, Text } from './text.ts';

/** A query or a document on its way into an export. */
export interface Content {
  /** The input's own id; `''` where only texts are known. */
  readonly id: Text;
  /** `''` where there is only an image. */
  readonly text: string | SpooledText;
  /** The path of its image, null where there is none. */
  readonly image: Text | null;
}

/** A positive or a negative of a query. */
export interface ScoredDocument extends Content {
  /** Similarity to the query; NaN where scores were not asked for. */
  readonly score: number;
}

/** One query that keeps a negative. */
export interface Example {
  readonly query: Content;
  /** All that are known, in the order of the data set. */
  readonly positives: readonly ScoredDocument[];
  /** Those of them that have rows in the table triplet: with `saha` the one that anchors the query's cluster. */
  readonly paired: readonly ScoredDocument[];
  /** In the order of mining, as in the table n-tuple; none of them is a positive. */
  readonly negatives: readonly ScoredDocument[];
}

/** One pair of a cluster. */
export interface ClusterPair {
  readonly query: Content;
  readonly positive: Content;
}
