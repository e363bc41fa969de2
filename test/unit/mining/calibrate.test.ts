import { findThreshold } from '@quarry/activities/mining/calibrate/find-threshold';
import { hidePositives, withHiddenPositives } from '@quarry/activities/mining/calibrate/hide-positives';
import {
  GRID,
  type SurveyedQuery,
  sumSurveys,
  ThresholdSurvey,
  thresholdFor,
} from '@quarry/activities/mining/calibrate/threshold-survey';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryCandidates } from './arbitrary-candidates.ts';

const query: fc.Arbitrary<SurveyedQuery> = fc
  .array(
    fc.record({
      score: fc.float({ min: -1, max: 1, noNaN: true }),
      measure: fc.oneof(fc.float({ min: -1, max: 1, noNaN: true }), fc.constant(Number.NaN)),
      hidden: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((rows) => [...rows].sort((a, b) => b.score - a.score))
  .map((rows) => ({
    scores: rows.map(({ score }) => score),
    measures: rows.map(({ measure }) => measure),
    hidden: rows.map(({ hidden }) => hidden),
  }));
const queries = fc.array(query, { minLength: 1, maxLength: 20 });

function surveyOf(all: readonly SurveyedQuery[], numNegatives = 3) {
  const survey = new ThresholdSurvey(numNegatives);
  for (const one of all) survey.add(one);
  return survey.figures();
}

describe('a survey', () => {
  it('says of each threshold what taking the best below it would give', () => {
    fc.assert(
      fc.property(query, fc.nat(GRID.length - 1), (one, at) => {
        const { taken, hardness, hidden } = surveyOf([one]);
        const below = one.scores.flatMap((_, i) => (one.measures[i]! > GRID[at]! ? [] : [i])).slice(0, 3);
        expect(taken[at]).toBe(below.length);
        expect(hidden[at]).toBe(below.filter((i) => one.hidden![i]).length);
        const mean = below.reduce((sum, i) => sum + one.scores[i]!, 0) / Math.max(1, below.length);
        expect(hardness[at]).toBeCloseTo(mean, 6);
      }),
    );
  });

  it('adds up over shards, however they are cut', () => {
    fc.assert(
      fc.property(queries, fc.nat(20), (all, cut) => {
        const whole = surveyOf(all);
        const parts = sumSurveys([surveyOf(all.slice(0, cut)), surveyOf(all.slice(cut))]);
        expect(parts.taken).toEqual(whole.taken);
        expect(parts.hidden).toEqual(whole.hidden);
        expect(parts.queries).toBe(whole.queries);
        for (const [i, sum] of parts.hardness.entries()) expect(sum).toBeCloseTo(whole.hardness[i]!, 9);
      }),
    );
  });
});

describe('calibration', () => {
  const neededOf = (all: readonly SurveyedQuery[], count: number): Float32Array =>
    Float32Array.from(all, ({ measures }) => thresholdFor(measures, count)).sort();

  it('finds the strictest threshold that leaves enough for the share of queries, or says by how much it cannot', () => {
    fc.assert(
      fc.property(
        queries,
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (all, keepAtLeast, share) => {
          const evidence = {
            survey: surveyOf(all),
            needed: neededOf(all, keepAtLeast),
            known: new Float32Array(0),
          };
          const find = () => findThreshold({ keepAtLeast, forShareOfQueries: share }, evidence);
          const left = (threshold: number): number =>
            all.filter(({ measures }) => measures.filter((x) => !(x > threshold)).length >= keepAtLeast)
              .length / all.length;
          if (left(Number.POSITIVE_INFINITY) < share) {
            expect(find).toThrow(/only .* % of the queries have that many; lower/);
            return;
          }
          const { above, met } = find();
          expect(met).toBe(true);
          expect(left(above)).toBeGreaterThanOrEqual(share);
          const stricter = all.flatMap(({ measures }) => measures).filter((x) => x < above);
          for (const threshold of stricter) expect(left(threshold)).toBeLessThan(share);
        },
      ),
    );
  });

  it('finds the loosest threshold up to which hidden positives stay rare, with an interval', () => {
    fc.assert(
      fc.property(queries, fc.double({ min: 0, max: 1, noNaN: true }), (all, asked) => {
        const survey = surveyOf(all);
        const evidence = { survey, needed: neededOf(all, 3), known: new Float32Array(0) };
        const find = () => findThreshold({ falseNegativeRate: asked }, evidence);
        if (survey.takenBeside.at(-1) === 0) {
          expect(find).toThrow('cannot be estimated');
          return;
        }
        const first = survey.takenBeside.findIndex((count) => count > 0);
        if (survey.hidden[first]! / survey.takenBeside[first]! > asked) {
          expect(find).toThrow('cannot be met');
          return;
        }
        const { above, falseNegatives } = find();
        expect(falseNegatives!.rate).toBeLessThanOrEqual(asked);
        expect(falseNegatives!.low).toBeLessThanOrEqual(falseNegatives!.rate);
        expect(falseNegatives!.high).toBeGreaterThanOrEqual(falseNegatives!.rate);
        const next = GRID.indexOf(above) + 1;
        if (next < GRID.length && survey.takenBeside[next]! > 0) {
          expect(survey.hidden[next]! / survey.takenBeside[next]!).toBeGreaterThan(asked);
        }
      }),
    );
  });

  it('leaves the pair rule at what 95 % of known pairs exceed, and loosens it no further than 80 %', () => {
    const known = Float32Array.from({ length: 100 }, (_, i) => i / 100);
    const survey = surveyOf([{ scores: [1], measures: [0] }]);
    const at = (needed: number) =>
      findThreshold(undefined, { survey, known, needed: new Float32Array(20).fill(needed) });
    expect(at(-1)).toMatchObject({ above: known[4], met: true });
    expect(at(0.1)).toMatchObject({ above: Math.fround(0.1), met: true });
    expect(at(0.7)).toMatchObject({ above: known[19], met: false });
    expect(at(0.7).why).toContain('only 0 % of the queries are filled');
  });
});

describe('hiding positives', () => {
  it('shows what is hidden as candidates like any other: a document from every query or none', () => {
    fc.assert(
      fc.property(arbitraryCandidates, fc.nat(1000), (candidates, seed) => {
        const alone = (document: number): boolean =>
          hidePositives(Int32Array.of(document, ...others), seed)?.hidden.has(document) ?? false;
        // Beside enough other positives every document shows which side it is on.
        const others = Array.from({ length: 40 }, (_, i) => 1_000_000 + i);
        const hiding = hidePositives(candidates.positives, seed);
        const hidden = [...candidates.positives].filter(alone);
        if (hidden.length === 0 || hidden.length === candidates.positives.length) {
          expect(hiding).toBeNull();
          return;
        }
        expect([...hiding!.hidden].sort()).toEqual(hidden.sort());
        const seen = withHiddenPositives(candidates, hiding!);
        expect([...seen.positives, ...hidden].sort()).toEqual([...candidates.positives].sort());
        for (const [i, document] of seen.positives.entries()) {
          expect(seen.positiveScores[i]).toBe(
            candidates.positiveScores[candidates.positives.indexOf(document)],
          );
        }
      }),
    );
  });

  it('hides about half of the documents', () => {
    const all = Int32Array.from({ length: 10_000 }, (_, i) => i);
    expect(Math.abs(hidePositives(all, 42)!.hidden.size / all.length - 0.5)).toBeLessThan(0.02);
  });
});
