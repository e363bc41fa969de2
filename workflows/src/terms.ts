/**
 * The words of the project, and nothing else. Names, docs, logs and columns use these and only these.
 *
 * - query: the anchor side of a training pair. Inside: a dense integer in data-set order
 * - document: anything that can be retrieved. Inside: a dense integer in the order of its content hash
 * - pair: a (query, positive) row of the data set, equal pairs counted once
 * - candidate: a document retrieved for a query, with its score and rank
 * - owner: a query for which a document is a positive
 * - negative: a candidate kept for training against a query
 * - cluster: one anchor pair and the pairs chosen for it
 * - shard: a contiguous range of queries or documents, planned once
 * - part: the shards of documents that share one index
 * - funnel: the counts of candidates from retrieved to kept, by reason
 */

/** A table or object that a stage wrote: where, how many rows, and the hash of what is there. */
export interface Ref {
  readonly uri: string;
  readonly rows: number;
  readonly sha256: string;
}

/** A contiguous range of dense ids: start inclusive, end exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export type Side = 'query' | 'document';

/** The tables a run may publish under `data/`. */
export const TABLES = ['triplet', 'n-tuple', 'clusters', 'candidates'] as const;
export type Table = (typeof TABLES)[number];

/**
 * Why a candidate was dropped; the position in this list is the code that the stages store (0 is `kept`).
 * Append only: the codes lie in caches.
 */
export const REASONS = [
  'kept',
  /** the document is the query itself: equal content, or equal id in one id space */
  'self',
  /** the document is a known positive of the query, by id or by equal content */
  'known_positive',
  /** rank outside the window that is looked at */
  'rank_window',
  /** score > lowest positive score - absoluteMargin */
  'absolute_margin',
  /** score > lowest positive score - |lowest positive score| * relativeMargin */
  'relative_margin',
  'max_score',
  'min_score',
  /** good enough, but `numNegatives` (or K) were already taken */
  'not_sampled',
  /** no query owns the document, so SaHa cannot look at it from query space */
  'unowned',
  /** every owner of the document was claimed by earlier clusters */
  'owner_used',
  /** every unclaimed owner is barred by the strict form (the anchor itself, or it shares the anchor's positive) */
  'owner_barred',
  /** in the pool of owners, but not among the K least similar to the anchor (the self-aware filter); or its owner is more similar than the filter `owner_similar` allows */
  'owner_similar',
  /** the pair would train a known positive as an in-batch negative (strict form) */
  'conflict',
  /** the query is a member of an earlier cluster, so it makes none of its own */
  'claimed',
  /** fewer than `numNegatives` passed, and `underFill: drop` gives up such a query */
  'under_filled',
  /** nearly the same as a positive of the query (document-document similarity) */
  'near_duplicate_positive',
  /** nearly the same as a better negative of the query */
  'near_duplicate_negative',
  /** the query is among the nearest of the document's own neighbourhood of queries */
  'reciprocal_rank',
  /** a candidate of too many queries */
  'hubness',
  /** the pair rule: anchor and positive against candidate and owner */
  'pair',
  /** a cross-encoder reads it as an answer */
  'cross_encoder',
  /** a generator, asked, says that it answers */
  'judge',
  /** the previous round promoted it: it looks like a missing positive */
  'promoted',
] as const;
export type Reason = (typeof REASONS)[number];

/** The code of a place in a candidate array that holds no candidate (the corpus is smaller than k). */
export const NO_CANDIDATE = 255;

/** Counts of candidates: `candidates` = `kept` + the sum of `dropped`. */
export interface Funnel {
  readonly candidates: number;
  readonly kept: number;
  readonly dropped: Readonly<Partial<Record<Reason, number>>>;
}
