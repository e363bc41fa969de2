import { hardnessLevels, rateAt } from '@quarry/activities/evaluation/equal-hardness';
import { wilsonInterval } from '@quarry/activities/mining/wilson-interval';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const at = (hardness: number, rate: number, reached = 1) => ({ hardness, rate, reached });

test('between two runs of a sweep the rate lies on the line; outside nothing is said', () => {
  const sweep = [at(0.8, 0.1), at(0.6, 0.02), at(0.7, 0.04)];
  expect(rateAt(sweep, 0.65)).toBeCloseTo(0.03);
  expect(rateAt(sweep, 0.75)).toBeCloseTo(0.07);
  expect(rateAt(sweep, 0.8)).toBe(0.1);
  expect([rateAt(sweep, 0.59), rateAt(sweep, 0.81), rateAt([], 0.5)]).toEqual([null, null, null]);
});

test('a run that leaves more than one query in twenty with nothing is no point of a sweep', () => {
  const sweep = [at(0.6, 0.02), at(0.7, 0, 0.94), at(0.8, 0.1)];
  expect(rateAt(sweep, 0.7)).toBeCloseTo(0.06);
});

test('levels are round numbers within all sweeps', () => {
  expect(hardnessLevels([[at(0.57, 0)], [at(0.83, 0)]], 0.1)).toEqual([0.6, 0.7, 0.8]);
  expect(hardnessLevels([], 0.1)).toEqual([]);
});

test('Wilson: known values, and the interval holds the share', () => {
  // Newcombe 1998, table I: 81 of 263 is .2553 to .3662, 0 of 20 is 0 to .1611, 1 of 29 is .0061 to .1718
  for (const [hits, sample, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    const found = wilsonInterval(hits, sample)!;
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  }
  expect(wilsonInterval(0, 0)).toBeNull();
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(1000), (hits, rest) => {
      fc.pre(hits + rest > 0);
      const { rate, low, high } = wilsonInterval(hits, hits + rest)!;
      return 0 <= low && low <= rate && rate <= high && high <= 1;
    }),
  );
});
