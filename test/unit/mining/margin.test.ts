import { CODE } from '@quarry/activities/mining/reason-codes';
import { REASONS } from '@quarry/workflows';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepByMargin, type MarginRule } from './keep-by-margin.ts';

const base: MarginRule = {
  numNegatives: 2,
  rangeMin: 0,
  rangeMax: 100,
  depth: 100,
  sampling: 'top',
  seed: 42,
};

function judge(
  rule: Partial<MarginRule>,
  scores: readonly number[],
  positives = [0.9],
  before: number[] = [],
) {
  const reasons = Uint8Array.from(scores, (_, place) => before[place] ?? 0);
  const kept = keepByMargin(
    { ...base, ...rule },
    { query: 0, scores: Float32Array.from(scores), reasons, positiveScores: Float32Array.from(positives) },
  );
  return { kept, reasons: Array.from(reasons, (code) => REASONS[code]) };
}

describe('margin', () => {
  it('gives the first check that fails as the reason', () => {
    const rule = { absoluteMargin: 0.1, relativeMargin: 0.2, maxScore: 0.6, minScore: 0.3 };
    expect(judge({ ...rule, numNegatives: 1 }, [0.85, 0.75, 0.65, 0.5, 0.4, 0.2])).toEqual({
      kept: [3],
      reasons: ['absolute_margin', 'relative_margin', 'max_score', 'kept', 'not_sampled', 'min_score'],
    });
  });

  it('measures against the lowest positive score', () => {
    expect(judge({ absoluteMargin: 0.1 }, [0.6, 0.4], [0.9, 0.5]).reasons).toEqual([
      'absolute_margin',
      'kept',
    ]);
  });

  it('lets the relative margin lower the bar where the positive score is below zero', () => {
    // -0.5 - 0.5 * 0.2 = -0.6
    expect(judge({ relativeMargin: 0.2 }, [-0.55, -0.65], [-0.5]).reasons).toEqual([
      'relative_margin',
      'kept',
    ]);
  });

  it('keeps a score that equals the bar', () => {
    const bars = { absoluteMargin: 0.25, maxScore: 0.25, minScore: 0.25 };
    expect(judge(bars, [0.25], [0.5]).reasons).toEqual(['kept']);
  });

  it('counts ranks among the candidates that passed the scores', () => {
    const rule = { maxScore: 0.8, rangeMin: 1, rangeMax: 3, numNegatives: 5 };
    expect(judge(rule, [0.85, 0.7, 0.6, 0.5, 0.4])).toEqual({
      kept: [2, 3],
      reasons: ['max_score', 'rank_window', 'kept', 'kept', 'rank_window'],
    });
  });

  it('looks no deeper than retrieval was planned for, the query itself not counted', () => {
    const before = [CODE.self, CODE.known_positive];
    expect(judge({ depth: 3, numNegatives: 9 }, [1, 0.9, 0.7, 0.6, 0.5], [0.9], before).reasons).toEqual([
      'self',
      'known_positive',
      'kept',
      'kept',
      'rank_window',
    ]);
  });

  it('samples at random from (seed, query) alone, in rank order', () => {
    const scores = Float32Array.from({ length: 40 }, (_, place) => 1 - place / 40);
    const sampled = (query: number, seed: number): number[] =>
      keepByMargin(
        { ...base, numNegatives: 4, rangeMin: 5, rangeMax: 30, sampling: 'random', seed },
        { query, scores, reasons: new Uint8Array(40), positiveScores: Float32Array.of(1) },
      );
    expect(sampled(3, 7)).toEqual(sampled(3, 7));
    expect(sampled(3, 7)).not.toEqual(sampled(4, 7));
    expect(sampled(3, 7)).not.toEqual(sampled(3, 8));
    const counts = new Array<number>(40).fill(0);
    for (let query = 0; query < 5000; query++) {
      const places = sampled(query, 42);
      expect(places).toHaveLength(4);
      expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
      for (const place of places) counts[place]!++;
    }
    // 5000 x 4 / 25 = 800 each, standard deviation 26.
    for (const [place, count] of counts.entries()) {
      if (place < 5 || place >= 30) expect(count).toBe(0);
      else expect(Math.abs(count - 800)).toBeLessThan(130);
    }
  });

  it('keeps at most numNegatives eligible candidates, and never changes what was dropped before', () => {
    const rule = fc.record({
      numNegatives: fc.integer({ min: 1, max: 5 }),
      rangeMin: fc.integer({ min: 0, max: 3 }),
      rangeMax: fc.integer({ min: 4, max: 12 }),
      depth: fc.integer({ min: 4, max: 20 }),
      sampling: fc.constantFrom('top' as const, 'random' as const),
      absoluteMargin: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      maxScore: fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: undefined }),
    });
    const candidates = fc.array(
      fc.record({
        score: fc.float({ min: -1, max: 1, noNaN: true }),
        before: fc.constantFrom(0, 0, 0, CODE.self, CODE.known_positive),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(rule, candidates, (given, list) => {
        const sorted = list.sort((a, b) => b.score - a.score);
        const scores = sorted.map(({ score }) => score);
        const before = sorted.map((candidate) => candidate.before);
        const { kept, reasons } = judge(given, scores, [0.5], before);
        expect(kept.length).toBeLessThanOrEqual(given.numNegatives);
        expect(reasons.flatMap((reason, place) => (reason === 'kept' ? [place] : []))).toEqual(kept);
        for (const [place, code] of before.entries()) {
          if (code !== 0) expect(reasons[place]).toBe(REASONS[code]);
        }
        const wanted = reasons.filter((reason) => reason === 'not_sampled').length;
        if (wanted > 0) expect(kept.length).toBe(given.numNegatives);
      }),
    );
  });
});
