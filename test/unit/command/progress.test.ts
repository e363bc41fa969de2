import type { Snapshot, StageSnapshot } from '@quarry/workers/run/snapshot';
import { bytes, clip, columns, duration, share } from '@quarry/workers/view/format';
import { progressLines } from '@quarry/workers/view/progress-lines';
import { StageRates } from '@quarry/workers/view/stage-rate';
import { expect, test } from 'vitest';

const stage = (facts: Partial<StageSnapshot>): StageSnapshot => ({
  stage: 'embed',
  units: 4,
  done: 0,
  reused: 0,
  rows: 0,
  inFlight: 0,
  ...facts,
});
const snapshot = (...stages: StageSnapshot[]): Snapshot => ({ runId: null, output: null, stages });

test('rate and time left count from where a stage stood when it was first seen, units in flight included', () => {
  const rates = new StageRates();
  expect(rates.of(stage({ done: 1, rows: 100 }), 0)).toMatchObject({
    share: 0.25,
    rowsPerSecond: null,
    left: null,
  });
  const later = rates.of(stage({ done: 2, rows: 200, inFlight: 0.5 }), 10_000);
  expect(later.share).toBe(0.625);
  expect(later.rowsPerSecond).toBe(10);
  expect(later.left).toBeCloseTo(10);
});

test('the rate of a stage that is done stays', () => {
  const rates = new StageRates();
  rates.of(stage({}), 0);
  const done = rates.of(stage({ done: 4, rows: 400 }), 10_000);
  expect(done).toMatchObject({ rowsPerSecond: 40, left: null });
  expect(rates.of(stage({ done: 4, rows: 400 }), 100_000)).toEqual(done);
});

test('where nothing can be drawn a stage is told when it starts and when it ends, and again when units come on top', () => {
  const lines: string[] = [];
  const view = progressLines((line) => lines.push(line));
  view.update(snapshot(stage({})));
  view.update(snapshot(stage({ done: 1, rows: 10 })));
  view.update(snapshot(stage({ done: 4, reused: 1, rows: 1234 })));
  view.update(snapshot(stage({ done: 4, reused: 1, rows: 1234 }), stage({ stage: 'merge', units: 1 })));
  view.update(
    snapshot(
      stage({ units: 5, done: 5, reused: 1, rows: 1300 }),
      stage({ stage: 'merge', units: 1, done: 1 }),
    ),
  );
  expect(lines.map((line) => line.replace(/, [\d.]+ s$/, ''))).toEqual([
    'embed: started, 4 units',
    'embed: done, 4 of 4 units, 1 reused, 1,234 rows',
    'merge: started, 1 unit',
    'embed: done, 5 of 5 units, 1 reused, 1,300 rows',
    'merge: done, 1 of 1 unit, 0 reused',
  ]);
});

test('figures are short', () => {
  expect([0.04, 9.94, 9.96, 59, 61, 3661].map(duration)).toEqual([
    '0.0 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1:01',
    '1:01:01',
  ]);
  expect([0, 1023, 1024, 1.5 * 2 ** 30].map(bytes)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 GiB']);
  expect([share(1, 3), share(0, 0)]).toEqual(['33.3 %', '0 %']);
  expect(
    columns(
      [
        ['a', '1'],
        ['bb', '22'],
      ],
      [1],
    ),
  ).toEqual(['a    1', 'bb  22']);
  expect(clip('one\n two', 40)).toBe('one two');
  expect(clip('one two three', 9)).toBe('one tw...');
});
