import { total } from '@quarry/activities/mining/histogram';
import { MiningTally } from '@quarry/activities/mining/mining-tally';
import { CODE } from '@quarry/activities/mining/reason-codes';
import { sumMining } from '@quarry/activities/mining/report-figures';
import { remedy } from '@quarry/activities/mining/shortfall';
import { MOST_SUSPECTS } from '@quarry/activities/mining/suspects';
import { describe, expect, it } from 'vitest';

/** A query that keeps its second and third candidate; the third has an owner of the given similarity. */
function judged(query: number, ownerScore: number) {
  return {
    query,
    documents: Int32Array.of(4, 7, 9),
    scores: Float32Array.of(0.875, 0.5, 0.375),
    reasons: Uint8Array.of(CODE.known_positive, 0, 0),
    kept: 2,
    pair: -1,
    positiveScores: Float32Array.of(0.875, 0.25),
    ownerScores: Float32Array.of(Number.NaN, Number.NaN, ownerScore),
  };
}

describe('suspects', () => {
  it('hold the most suspect negative of a query: score and owner averaged, the score alone without an owner', () => {
    const tally = new MiningTally(2);
    tally.add(judged(1, 0.75));
    tally.add(judged(2, 0.25));
    const { suspects, ownerScores, keptRanks, keptPerQuery } = tally.figures();
    expect(suspects).toEqual([
      {
        query: 1,
        document: 9,
        rank: 3,
        score: 0.375,
        positiveScore: 0.875,
        ownerScore: 0.75,
        pairScore: null,
        suspicion: 0.5625,
      },
      {
        query: 2,
        document: 7,
        rank: 2,
        score: 0.5,
        positiveScore: 0.875,
        ownerScore: null,
        pairScore: null,
        suspicion: 0.5,
      },
    ]);
    expect([total(ownerScores.kept), total(ownerScores.dropped)]).toEqual([2, 0]);
    expect(keptRanks).toMatchObject({ 1: 0, 2: 2, '3-5': 2 });
    expect(keptPerQuery).toEqual({ 2: 2 });
  });

  it('are ordered by the pair rule where the run has one', () => {
    const tally = new MiningTally(2);
    tally.add({ ...judged(1, 0.75), pairScores: Float32Array.of(0.5, 0.25, 0.125) });
    tally.add({ ...judged(2, 0.25), pairScores: Float32Array.of(0.5, 0.375, Number.NaN) });
    const { suspects } = tally.figures();
    expect(
      suspects.map(({ query, document, pairScore, suspicion }) => [query, document, pairScore, suspicion]),
    ).toEqual([
      [2, 7, 0.375, 0.375],
      [1, 7, 0.25, 0.25],
    ]);
  });

  it('are bounded, and the same however the queries are cut into shards', () => {
    const queries = Array.from({ length: 1000 }, (_, i) => judged(i, ((i * 7919) % 1000) / 1000));
    const shards = (rows: number) =>
      Array.from({ length: 1000 / rows }, (_, shard) => {
        const tally = new MiningTally(2);
        for (const query of queries.slice(shard * rows, (shard + 1) * rows)) tally.add(query);
        return tally.figures();
      });
    const whole = sumMining(shards(1000));
    expect(whole.suspects).toHaveLength(MOST_SUSPECTS);
    expect(sumMining(shards(8))).toEqual(whole);
    expect(sumMining([sumMining(shards(100).slice(0, 4)), ...shards(100).slice(4)])).toEqual(whole);
  });
});

describe('the shortfall', () => {
  const short = (reason: number, missing: number) => {
    const tally = new MiningTally(1 + missing);
    tally.add({
      ...judged(0, 0.5),
      scores: Float32Array.of(0.5, 0.4375, 0.375),
      reasons: Uint8Array.of(reason, reason, 0),
      kept: 1,
      positiveScores: Float32Array.of(0.5, 0.75),
    });
    return tally.figures().shortfall;
  };
  const value = ({ from, to, bins }: { from: number; to: number; bins: number[] }) =>
    from + ((to - from) * bins.indexOf(1)) / bins.length;

  it('says which margin would have left a query enough: the candidate furthest from the positive comes first', () => {
    const { queries, values } = short(CODE.relative_margin, 1);
    expect(queries).toBe(1);
    // (0.5 - 0.4375) / 0.5 = 0.125
    expect(value(values.relative_margin!)).toBeCloseTo(0.125);
    expect(value(short(CODE.relative_margin, 2).values.relative_margin!)).toBeCloseTo(0);
    expect(value(short(CODE.absolute_margin, 1).values.absolute_margin!)).toBeCloseTo(0.06);
  });

  it('says which score would have done, from below and from above', () => {
    expect(value(short(CODE.max_score, 1).values.max_score!)).toBeCloseTo(0.42);
    expect(value(short(CODE.min_score, 1).values.min_score!)).toBeCloseTo(0.5);
  });

  it('names the strictest value that fills nine in ten', () => {
    const margins = Float32Array.from({ length: 100 }, (_, i) => 0.5 - (i + 0.5) / 200);
    const tally = new MiningTally(2);
    for (const [i, score] of margins.entries())
      tally.add({
        ...judged(i, 0.5),
        scores: Float32Array.of(score, 0, 0),
        reasons: Uint8Array.of(CODE.absolute_margin, CODE.self, 0),
        kept: 1,
        positiveScores: Float32Array.of(0.5),
      });
    const { values } = tally.figures().shortfall;
    const { value: margin, queries } = remedy('absolute_margin', values.absolute_margin!);
    expect(margin).toBeCloseTo(0.05);
    expect(queries).toBe(90);
    const raised = remedy('max_score', values.absolute_margin!);
    expect(raised.value).toBeCloseTo(0.45);
    expect(raised.queries).toBe(90);
  });

  it('promises nothing where a threshold dropped fewer than are missing', () => {
    expect(short(CODE.relative_margin, 3)).toEqual({ queries: 1, values: {} });
    expect(short(CODE.known_positive, 1)).toEqual({ queries: 1, values: {} });
  });
});
