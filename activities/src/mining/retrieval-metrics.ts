import { addRank, addRanks, emptyRanks, type RankCounts } from './rank-bins.ts';

/**
 * How well the model retrieves the known positives, before any filter: sums over queries, so that shards add up.
 * A candidate that is the query itself is passed over and takes no rank.
 */

/** What is averaged over queries, in the order in which it is shown. */
export const RETRIEVAL_MEASURES = ['hit@1', 'hit@5', 'hit@10', 'recall@10', 'mrr@10', 'ndcg@10'] as const;
export type RetrievalMeasure = (typeof RETRIEVAL_MEASURES)[number];

export interface RetrievalSums {
  /** Queries with at least one positive: divide the other sums by it. */
  queries: number;
  /** Queries with a positive among the first 1, 5, 10. */
  'hit@1': number;
  'hit@5': number;
  'hit@10': number;
  /** The share of a query's positives among the first 10. */
  'recall@10': number;
  /** Reciprocal rank of the first positive within 10, else 0. */
  'mrr@10': number;
  /** As trec_eval's ndcg_cut_10: linear gain, log2 discount, ideal over all positives of the query. */
  'ndcg@10': number;
  /** Queries by the rank of their first positive; `missed` where no candidate is one. */
  firstPositive: RankCounts;
}

/** One query's candidates and positives, in dense document ids. */
export interface RankedQuery {
  /** Best first, -1 padded. */
  readonly candidates: Int32Array;
  readonly positives: Int32Array;
  /** Relevance of each positive. */
  readonly relevance: Float32Array;
  /** Documents that are the query itself, -1 = none. */
  readonly self: Int32Array;
}

const CUT = 10;
const MISSED = 'missed';

export function emptyRetrieval(): RetrievalSums {
  const firstPositive = { ...emptyRanks(), [MISSED]: 0 };
  return {
    queries: 0,
    'hit@1': 0,
    'hit@5': 0,
    'hit@10': 0,
    'recall@10': 0,
    'mrr@10': 0,
    'ndcg@10': 0,
    firstPositive,
  };
}

/** Adds one query; one without positives does not count. */
export function addQuery(sums: RetrievalSums, query: RankedQuery): void {
  const { candidates, positives, relevance, self } = query;
  if (positives.length === 0) return;
  let first = 0;
  let gain = 0;
  let found = 0;
  let rank = 0;
  for (let i = 0; i < candidates.length && (first === 0 || rank < CUT); i++) {
    const candidate = candidates[i]!;
    if (candidate < 0) break;
    if (self.includes(candidate)) continue;
    rank++;
    const positive = positives.indexOf(candidate);
    if (positive < 0) continue;
    if (first === 0) first = rank;
    if (rank > CUT) continue;
    found++;
    gain += discounted(relevance[positive]!, rank);
  }
  sums.queries++;
  if (first === 1) sums['hit@1']++;
  if (first >= 1 && first <= 5) sums['hit@5']++;
  if (first >= 1 && first <= CUT) {
    sums['hit@10']++;
    sums['mrr@10'] += 1 / first;
  }
  sums['recall@10'] += found / positives.length;
  const ideal = idealGain(relevance);
  if (ideal > 0) sums['ndcg@10'] += gain / ideal;
  if (first === 0) sums.firstPositive[MISSED]!++;
  else addRank(sums.firstPositive, first);
}

/** Adds the sums of another shard. */
export function addRetrieval(sums: RetrievalSums, other: RetrievalSums): void {
  sums.queries += other.queries;
  for (const measure of RETRIEVAL_MEASURES) sums[measure] += other[measure];
  addRanks(sums.firstPositive, other.firstPositive);
}

/** A judgement of 0 or less gains nothing, as in trec_eval. */
function discounted(relevance: number, rank: number): number {
  return Math.max(0, relevance) / Math.log2(rank + 1);
}

function idealGain(relevance: Float32Array): number {
  const best = relevance.slice().sort().reverse();
  let gain = 0;
  for (let i = 0; i < Math.min(CUT, best.length); i++) gain += discounted(best[i]!, i + 1);
  return gain;
}
