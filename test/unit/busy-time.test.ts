import { addInterval, busySeconds, type Interval } from '@quarry/workflows/busy-time';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('the union of intervals is what counting every millisecond gives', () => {
  const interval = fc
    .tuple(fc.nat(300), fc.nat(40))
    .map(([start, length]): Interval => [start, start + length]);
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 40 }), (intervals) => {
      const covered = new Set<number>();
      for (const [start, end] of intervals) for (let ms = start; ms < end; ms++) covered.add(ms);
      const union = intervals.reduce(addInterval, [] as Interval[]);
      expect(busySeconds(union)).toBeCloseTo(covered.size / 1000, 9);
      for (let i = 1; i < union.length; i++) expect(union[i]![0]).toBeGreaterThan(union[i - 1]![1]);
    }),
  );
});

test('stays small: beyond 48 stretches the smallest gap is counted as busy', () => {
  const intervals = Array.from(
    { length: 400 },
    (_, i): Interval => [i * 10 + (i === 399 ? 1000 : 0), i * 10 + 5 + (i === 399 ? 1000 : 0)],
  );
  const union = intervals.reduce(addInterval, [] as Interval[]);
  expect(union.length).toBeLessThanOrEqual(48);
  expect(union.at(-1)).toEqual([4990, 4995]);
});
