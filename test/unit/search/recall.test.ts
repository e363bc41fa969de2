import { estimate, recallPerQuery, sampleQueries } from '@quarry/activities/index/recall';
import { describe, expect, it } from 'vitest';

const hits = (ids: number[], scores: number[]) => ({
  ids: Int32Array.from(ids),
  scores: Float32Array.from(scores),
});

describe('recall', () => {
  it('counts what both found, by query', () => {
    const exact = hits([1, 2, 3, 4, 5, 6], [9, 8, 7, 9, 8, 7]);
    const found = hits([1, 3, 9, 4, 5, 6], [9, 7, 6, 9, 8, 7]);
    expect([...recallPerQuery(exact, found, 3, 3)]).toEqual([2 / 3, 1]);
    expect([...recallPerQuery(exact, found, 3, 1)]).toEqual([1, 1]);
  });

  it('takes a candidate that ties with the exact last one', () => {
    const exact = hits([1, 2], [9, 8]);
    expect([...recallPerQuery(exact, hits([1, 7], [9, 8]), 2, 2)]).toEqual([1]);
    expect([...recallPerQuery(exact, hits([1, 7], [9, 7.5]), 2, 2)]).toEqual([0.5]);
  });

  it('knows corpora smaller than k', () => {
    const exact = hits([1, 0, -1], [2, 1, -Infinity]);
    expect([...recallPerQuery(exact, hits([1, -1, -1], [2, -Infinity, -Infinity]), 3, 3)]).toEqual([0.5]);
    expect([...recallPerQuery(exact, exact, 3, 3)]).toEqual([1]);
  });

  it('draws a sample that depends on seed and query alone', () => {
    const sample = sampleQueries(10_000, 200, 42);
    expect(sample).toHaveLength(200);
    expect(new Set(sample).size).toBe(200);
    expect([...sample]).toEqual([...sample].sort((a, b) => a - b));
    expect(sampleQueries(10_000, 200, 42)).toEqual(sample);
    expect(sampleQueries(10_000, 200, 43)).not.toEqual(sample);
    // A larger sample holds the smaller one, and it is spread over the queries.
    expect(new Set(sampleQueries(10_000, 400, 42))).toEqual(
      new Set([...sampleQueries(10_000, 400, 42), ...sample]),
    );
    const early = sample.filter((query) => query < 5000).length;
    expect(early).toBeGreaterThan(70);
    expect(early).toBeLessThan(130);
    expect([...sampleQueries(3, 200, 1)]).toEqual([0, 1, 2]);
  });

  it('gives an interval that narrows to nothing when every query was drawn', () => {
    const perQuery = Float64Array.of(1, 0.5, 1, 0.5);
    const { mean, variance, lower, upper } = estimate(perQuery, 1_000_000);
    expect(mean).toBe(0.75);
    expect(variance).toBeCloseTo(1 / 12, 12);
    expect(lower).toBeCloseTo(0.75 - 1.96 * Math.sqrt(1 / 48), 5);
    expect(upper).toBe(1);
    expect(estimate(perQuery, 4)).toMatchObject({ lower: 0.75, upper: 0.75 });
  });
});
