import { calibrationAlarm } from '@quarry/activities/report/calibration-alarm';
import { type FoundThreshold, falseNegativesOf } from '@quarry/activities/report/false-negatives';
import type { RunDocument } from '@quarry/activities/stages/run-document';
import { describe, expect, test } from 'vitest';

const found = (filter: string, above: number, falseNegatives: FoundThreshold['falseNegatives'] = null) =>
  ({ filter, above, met: true, why: '', falseNegatives }) satisfies FoundThreshold;
const run = (maxPositives: number): RunDocument => ({ plan: { maxPositives } }) as RunDocument;

describe('the alarm for a threshold that nobody would have chosen', () => {
  test.each([
    ['relative_margin', 0.02, 'a margin of -0.02, so candidates that score above'],
    ['absolute_margin', -1.25, 'a margin of 1.25, so hardly a candidate'],
    ['max_score', Number.MAX_VALUE, 'the loose end'],
    ['relative_margin', -Number.MAX_VALUE, 'the strict end'],
    ['pair', 1.5, 'the loose end'],
  ])('%s above %d', (filter, above, says) => {
    const lines = calibrationAlarm(found(filter, above));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^The calibration of ${filter} found .*${says}`));
  });

  test('is silent otherwise', () => {
    for (const usual of [found('relative_margin', -0.05), found('max_score', 1.3), found('pair', 0.2)])
      expect(calibrationAlarm(usual)).toEqual([]);
    expect(calibrationAlarm(null)).toEqual([]);
  });
});

describe('why no rate of false negatives is known', () => {
  const why = (maxPositives: number, threshold: FoundThreshold | null): string =>
    falseNegativesOf(run(maxPositives), threshold).why;

  test('recommends mining.calibrate only where nothing was calibrated', () => {
    expect(why(3, null)).toContain('mining.calibrate does so');
    for (const filter of ['pair', 'owner_similar', 'relative_margin'])
      expect(why(3, found(filter, 0.1))).not.toContain('mining.calibrate');
    expect(why(3, found('relative_margin', 0.1))).toContain('no query that has several keeps a negative');
    expect(why(1, found('relative_margin', 0.1))).toContain('every query has one known positive');
  });

  test('gives the estimate where there is one', () => {
    const estimate = { rate: 0.02, low: 0.01, high: 0.04, sample: 500 };
    expect(falseNegativesOf(run(3), found('max_score', 0.7, estimate)).estimate).toEqual(estimate);
  });
});
