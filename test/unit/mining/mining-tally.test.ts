import { addScore, emptyHistogram } from '@quarry/activities/mining/histogram';
import { countReasons, MiningTally } from '@quarry/activities/mining/mining-tally';
import { CODE } from '@quarry/activities/mining/reason-codes';
import { NO_CANDIDATE } from '@quarry/workflows';
import { describe, expect, it } from 'vitest';

const query = {
  query: 5,
  documents: Int32Array.of(4, 7, 9, -1),
  scores: Float32Array.of(0.9, 0.5, 0.4, -Infinity),
  reasons: Uint8Array.of(CODE.known_positive, 0, 0, NO_CANDIDATE),
  kept: 2,
  pair: -1,
  positiveScores: Float32Array.of(0.9, 0.2),
};

describe('the tally of verdicts', () => {
  it('adds up the funnel, the rows of every table and the scores', () => {
    const tally = new MiningTally(2);
    tally.add(query);
    tally.add({ ...query, pair: 3 });
    tally.add({ ...query, pair: -2 });
    const { funnel, rows, queriesWithFewer, scores } = tally.figures();
    expect(funnel).toEqual({ candidates: 9, kept: 6, dropped: { known_positive: 3 } });
    // All pairs (two), the anchor's pair, none.
    expect(rows).toEqual({ triplet: 4 + 2, 'n-tuple': 2 + 1, candidates: 9 });
    expect(queriesWithFewer).toBe(0);
    expect(scores.kept.bins.reduce((sum, n) => sum + n)).toBe(6);
    expect(scores.dropped.known_positive!.bins.reduce((sum, n) => sum + n)).toBe(3);
    expect(scores.positive.bins.reduce((sum, n) => sum + n)).toBe(6);
  });

  it('counts queries with too few negatives, which make no n-tuple', () => {
    const tally = new MiningTally(3);
    tally.add(query);
    tally.add({ ...query, pair: -2 });
    expect(tally.figures()).toMatchObject({ queriesWithFewer: 1, rows: { triplet: 4, 'n-tuple': 0 } });
  });

  it('refuses verdicts that do not account for every candidate', () => {
    const wrong = (reasons: number[], kept = 2) =>
      new MiningTally(2).add({ ...query, reasons: Uint8Array.from(reasons), kept });
    expect(() => wrong([NO_CANDIDATE, 0, 0, NO_CANDIDATE])).toThrow('document 4, has the verdict 255');
    expect(() => wrong([CODE.self, 0, 0, 0], 3)).toThrow('document -1, has the verdict 0');
    expect(() => wrong([200, 0, 0, NO_CANDIDATE])).toThrow('document 4, has the verdict 200');
    expect(() => wrong([CODE.self, CODE.self, 0, NO_CANDIDATE])).toThrow(
      '2 candidates listed as kept, 1 judged so',
    );
    expect(() => countReasons(Uint8Array.of(0, 99))).toThrow('99 is the code of no reason');
  });
});

describe('histogram', () => {
  it('puts scores into bins of 0.02, the ends included, and the rest beside', () => {
    const histogram = emptyHistogram();
    for (const score of [-1, -0.99, 0, 0.019, 0.99, 1, 1.0000001, -1.5]) addScore(histogram, score);
    expect(histogram.bins).toHaveLength(100);
    expect([histogram.bins[0], histogram.bins[50], histogram.bins[99]]).toEqual([2, 2, 2]);
    expect([histogram.under, histogram.over]).toEqual([1, 1]);
  });
});
