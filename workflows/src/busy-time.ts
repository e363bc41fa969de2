/** A stretch of time, ms since the epoch. */
export type Interval = readonly [started: number, ended: number];

/** More stretches than this are not told apart: the smallest gaps count as busy. Keeps workflow state small. */
const MOST_INTERVALS = 48;

/** The union of `intervals` and `added`: disjoint, ascending. */
export function addInterval(intervals: readonly Interval[], added: Interval): Interval[] {
  const [started, ended] = added;
  if (ended <= started) return [...intervals];
  const before = intervals.filter((interval) => interval[1] < started);
  const after = intervals.filter((interval) => interval[0] > ended);
  const touching = intervals.slice(before.length, intervals.length - after.length);
  const start = Math.min(started, ...touching.map((interval) => interval[0]));
  const end = Math.max(ended, ...touching.map((interval) => interval[1]));
  const union: Interval[] = [...before, [start, end], ...after];
  return union.length > MOST_INTERVALS ? closeSmallestGap(union) : union;
}

/** Seconds in which at least one interval lies. */
export function busySeconds(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, [started, ended]) => sum + (ended - started), 0) / 1000;
}

function closeSmallestGap(intervals: readonly Interval[]): Interval[] {
  let smallest = 1;
  for (let i = 2; i < intervals.length; i++) {
    if (gapBefore(intervals, i) < gapBefore(intervals, smallest)) smallest = i;
  }
  const joined: Interval = [intervals[smallest - 1]![0], intervals[smallest]![1]];
  return [...intervals.slice(0, smallest - 1), joined, ...intervals.slice(smallest + 1)];
}

function gapBefore(intervals: readonly Interval[], i: number): number {
  return intervals[i]![0] - intervals[i - 1]![1];
}
