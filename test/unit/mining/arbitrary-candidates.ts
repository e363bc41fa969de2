import type { Candidates } from '@quarry/activities/mining/candidates';
import { TWIN_WIDTH } from '@quarry/activities/mining/twins';
import fc from 'fast-check';

const similarity = fc.float({ min: -1, max: 1, noNaN: true });

/** Candidates of one query in order of their scores: some are its positives, one may be itself, places may be empty. */
export const arbitraryCandidates: fc.Arbitrary<Candidates> = fc
  .record({
    query: fc.nat(1000),
    rows: fc.array(
      fc.record({
        score: similarity,
        owner: fc.oneof(similarity, fc.constant(Number.NaN)),
        pair: similarity,
        nearest: fc.array(similarity, { minLength: 10, maxLength: 10 }),
        lists: fc.float({ min: 0, max: 1, noNaN: true }),
        nearPositive: similarity,
        twin: fc.record({ back: fc.integer({ min: 1, max: 20 }), cosine: similarity }),
      }),
      { maxLength: 20 },
    ),
    empty: fc.nat(2),
    positives: fc.uniqueArray(fc.nat(30), { maxLength: 3, minLength: 1 }),
    positiveScores: fc.array(similarity, { minLength: 3, maxLength: 3 }),
    self: fc.integer({ min: -1, max: 5 }),
  })
  .map(({ query, rows, empty, positives, positiveScores, self }) => {
    const sorted = [...rows].sort((a, b) => b.score - a.score);
    const pad = <T>(values: T[], by: T): T[] => [...values, ...new Array<T>(empty).fill(by)];
    const places = sorted.length + empty;
    return {
      query,
      documents: Int32Array.from({ length: places }, (_, place) => (place < sorted.length ? place : -1)),
      scores: Float32Array.from(
        pad(
          sorted.map(({ score }) => score),
          Number.NEGATIVE_INFINITY,
        ),
      ),
      reasons: new Uint8Array(places),
      positives: Int32Array.from(positives),
      positiveScores: Float32Array.from(positiveScores.slice(0, positives.length)),
      self: Int32Array.of(self, -1),
      features: {
        owners: Float32Array.from(
          pad(
            sorted.map(({ owner }) => owner),
            Number.NaN,
          ),
        ),
        pair: Float32Array.from(
          pad(
            sorted.map(({ pair }) => pair),
            Number.NaN,
          ),
        ),
        near_positives: Float32Array.from(
          pad(
            sorted.map(({ nearPositive }) => nearPositive),
            Number.NaN,
          ),
        ),
        twins: Float32Array.from(
          pad(
            sorted.map(({ twin }, place) => twinRow(place - twin.back, twin.cosine)),
            twinRow(-1, 0),
          ).flat(),
        ),
        neighbours: Float32Array.from(
          pad(
            sorted.map(({ nearest, lists }) => [...nearest.toSorted((a, b) => b - a), lists]),
            new Array<number>(11).fill(Number.NaN),
          ).flat(),
        ),
      },
    };
  });

/** One twin, where there is a place for it. */
function twinRow(place: number, cosine: number): number[] {
  const row = new Array<number>(TWIN_WIDTH).fill(Number.NaN);
  return place < 0 ? row : [place, cosine, ...row.slice(2)];
}

/** The same candidates, with nothing said of them yet. */
export function freshReasons(candidates: Candidates): Candidates {
  return { ...candidates, reasons: new Uint8Array(candidates.documents.length) };
}
