import { dot } from '@quarry/activities/mining/dot';
import { PairCovariance, type PairMetric } from '@quarry/activities/mining/pair-metric';
import { addCentred, whitenRows } from '@quarry/activities/mining/pair-vectors';
import { randomStream } from '@quarry/activities/mining/random-stream';
import { describe, expect, it } from 'vitest';

const D = 6;

/** Pairs of a topic each: the first three directions say which topic, the others are noise of either side. */
function topicalPairs(count: number, seed: number): { queries: Float32Array[]; documents: Float32Array[] } {
  const noise = Array.from({ length: count }, (_, i) => {
    const random = randomStream(seed, i);
    return Array.from({ length: 9 }, () => 2 * random() - 1);
  });
  const vector = (topic: readonly number[], own: readonly number[]): Float32Array => {
    const raw = [...topic.map((x) => 0.5 * x), ...own];
    return Float32Array.from(raw, (x) => x / Math.hypot(...raw));
  };
  return {
    queries: noise.map((n) => vector(n.slice(0, 3), n.slice(3, 6))),
    documents: noise.map((n) => vector(n.slice(0, 3), n.slice(6, 9))),
  };
}

function fit({ queries, documents }: ReturnType<typeof topicalPairs>): PairMetric {
  const covariance = new PairCovariance(D);
  queries.forEach((query, i) => {
    covariance.add(query, documents[i]!);
  });
  return covariance.metric();
}

function whitened(metric: PairMetric, rows: readonly Float32Array[], mean: Float64Array): Float32Array {
  const sums = new Float64Array(rows.length * D);
  rows.forEach((row, i) => {
    addCentred(sums, i, row, mean, 1);
  });
  const into = new Float32Array(sums.length);
  whitenRows(metric, sums, into);
  return into;
}

describe('the metric of known pairs', () => {
  it('is the inverse of the shrunk covariance of their differences', () => {
    const pairs = topicalPairs(40, 3);
    const { whitening, queryMean, documentMean } = fit(pairs);
    const covariance = Array.from({ length: D }, (_, i) =>
      Array.from({ length: D }, (_, j) => {
        const products = pairs.queries.map(
          (q, n) =>
            ((q[i]! - queryMean[i]! - pairs.documents[n]![i]! + documentMean[i]!) *
              (q[j]! - queryMean[j]! - pairs.documents[n]![j]! + documentMean[j]!)) /
            2,
        );
        return products.reduce((a, b) => a + b, 0) / products.length;
      }),
    );
    const part = D / (D + 40);
    const level = covariance.reduce((sum, row, i) => sum + row[i]!, 0) / D;
    // W C W^T is the identity where W is the inverse of the Cholesky factor of C.
    for (let a = 0; a < D; a++) {
      for (let b = 0; b < D; b++) {
        let product = 0;
        for (let i = 0; i < D; i++) {
          for (let j = 0; j < D; j++) {
            const shrunk = (1 - part) * covariance[i]![j]! + (i === j ? part * level : 0);
            product += whitening[a * D + i]! * shrunk * whitening[b * D + j]!;
          }
        }
        expect(product).toBeCloseTo(a === b ? 1 : 0, 6);
      }
    }
  });

  it('tells pairs of one topic from others better than the plain cosine does', () => {
    const metric = fit(topicalPairs(400, 5));
    const { queries, documents } = topicalPairs(60, 6);
    const q = whitened(metric, queries, metric.queryMean);
    const d = whitened(metric, documents, metric.documentMean);
    const hits = (score: (i: number, j: number) => number): number =>
      queries.filter((_, i) => documents.every((_, j) => i === j || score(i, j) < score(i, i))).length;
    const plain = hits((i, j) => dot(queries[i]!, 0, documents[j]!, 0, D));
    const learnt = hits((i, j) => dot(q, i * D, d, j * D, D));
    expect(learnt).toBeGreaterThan(plain + 10);
  });

  it('gives the same bits however rows are blocked, each of length 1', () => {
    const metric = fit(topicalPairs(30, 7));
    const { queries } = topicalPairs(11, 8);
    const all = whitened(metric, queries, metric.queryMean);
    queries.forEach((query, i) => {
      const alone = whitened(metric, [query], metric.queryMean);
      expect([...alone]).toEqual([...all.subarray(i * D, (i + 1) * D)]);
      expect(Math.hypot(...alone)).toBeCloseTo(1, 6);
    });
  });

  it('bears pairs that are all equal, and refuses none', () => {
    const covariance = new PairCovariance(D);
    expect(() => covariance.metric()).toThrow('at least one');
    const vector = Float32Array.from({ length: D }, () => 0.4);
    covariance.add(vector, vector);
    expect([...covariance.metric().whitening].every(Number.isFinite)).toBe(true);
  });
});
