import {
  addQuery,
  addRetrieval,
  emptyRetrieval,
  type RetrievalSums,
} from '@quarry/activities/mining/retrieval-metrics';
import { describe, expect, it } from 'vitest';

function sumsOf(
  candidates: number[],
  positives: number[],
  relevance = positives.map(() => 1),
  self: number[] = [-1, -1],
): RetrievalSums {
  const sums = emptyRetrieval();
  addQuery(sums, {
    candidates: Int32Array.from(candidates),
    positives: Int32Array.from(positives),
    relevance: Float32Array.from(relevance),
    self: Int32Array.from(self),
  });
  return sums;
}

describe('retrieval metrics', () => {
  it('a positive first', () => {
    const sums = sumsOf([7, 8], [7]);
    expect(sums).toMatchObject({
      queries: 1,
      'hit@1': 1,
      'hit@5': 1,
      'hit@10': 1,
      'recall@10': 1,
      'mrr@10': 1,
      'ndcg@10': 1,
    });
    expect(sums.firstPositive['1']).toBe(1);
  });

  it('a positive at rank 3', () => {
    const sums = sumsOf([1, 2, 7, -1], [7]);
    expect(sums).toMatchObject({ 'hit@1': 0, 'hit@5': 1, 'hit@10': 1, 'mrr@10': 1 / 3, 'ndcg@10': 1 / 2 });
    expect(sums.firstPositive['3-5']).toBe(1);
  });

  it('a positive at rank 11 counts in the histogram only', () => {
    const sums = sumsOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99], [99]);
    expect(sums).toMatchObject({ queries: 1, 'hit@10': 0, 'mrr@10': 0, 'ndcg@10': 0 });
    expect(sums.firstPositive['11-20']).toBe(1);
  });

  it('recall is the share of the positives among the first ten', () => {
    expect(sumsOf([5, 3, 4], [4, 5, 6])).toMatchObject({ 'hit@10': 1, 'recall@10': 2 / 3 });
    const late = [1, 2, 3, 4, 5, 6, 7, 8, 9, 98, 99];
    expect(sumsOf(late, [98, 99])).toMatchObject({ 'recall@10': 1 / 2 });
  });

  it('graded relevance as trec_eval: linear gain, ideal over all positives', () => {
    // ranks: 5 (relevance 1), 3 (not relevant), 4 (relevance 2); 6 (relevance 3) is not retrieved
    const dcg = 1 / Math.log2(2) + 2 / Math.log2(4);
    const ideal = 3 / Math.log2(2) + 2 / Math.log2(3) + 1 / Math.log2(4);
    expect(sumsOf([5, 3, 4], [4, 5, 6], [2, 1, 3])['ndcg@10']).toBeCloseTo(dcg / ideal, 12);
  });

  it('relevance of 0 or less gains nothing', () => {
    expect(sumsOf([5, 4], [4, 5], [1, -2])['ndcg@10']).toBeCloseTo(1 / Math.log2(3), 12);
    expect(sumsOf([5], [5], [0])['ndcg@10']).toBe(0);
  });

  it('the ideal takes ten positives at most', () => {
    const many = Array.from({ length: 12 }, (_, i) => i);
    expect(sumsOf(many, many)['ndcg@10']).toBeCloseTo(1, 12);
  });

  it('passes over the query itself', () => {
    expect(sumsOf([9, 7, 8], [7], [1], [9, -1])).toMatchObject({ 'hit@1': 1, 'mrr@10': 1, 'ndcg@10': 1 });
    expect(sumsOf([9, 3, 7], [7], [1], [3, 9])).toMatchObject({ 'hit@1': 1 });
  });

  it('a query without positives does not count; one that is missed does', () => {
    expect(sumsOf([1], [])).toEqual(emptyRetrieval());
    const missed = sumsOf([1, -1], [2]);
    expect(missed).toMatchObject({ queries: 1, 'hit@10': 0 });
    expect(missed.firstPositive.missed).toBe(1);
  });

  it('shards add up', () => {
    const all = emptyRetrieval();
    for (const sums of [sumsOf([7], [7]), sumsOf([1, 7], [7]), sumsOf([1], [7])]) addRetrieval(all, sums);
    expect(all).toMatchObject({ queries: 3, 'hit@1': 1, 'hit@5': 2, 'mrr@10': 1.5 });
    expect(Object.values(all.firstPositive).reduce((a, b) => a + b)).toBe(3);
  });
});
