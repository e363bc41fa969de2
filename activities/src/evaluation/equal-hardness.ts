/** One run of a sweep: how hard its negatives are, and what share of them is false. */
export interface SweepPoint {
  readonly hardness: number;
  readonly rate: number;
  /** Share of queries that kept a negative. */
  readonly reached: number;
}

/** Points below are not compared: a filter that leaves queries with nothing is strict, not good. */
export const LEAST_REACHED = 0.95;

/**
 * The false-negative rate of a method at a given hardness: its sweep is sorted by hardness and interpolated linearly
 * between the two neighbours. Only points at which 95 % of the queries keep a negative count.
 *
 * @returns null where the sweep does not reach this hardness from both sides
 */
export function rateAt(sweep: readonly SweepPoint[], hardness: number): number | null {
  const points = sweep
    .filter(({ reached }) => reached >= LEAST_REACHED)
    .sort((a, b) => a.hardness - b.hardness || a.rate - b.rate);
  const above = points.findIndex((point) => point.hardness >= hardness);
  if (above < 0) return null;
  const right = points[above]!;
  if (right.hardness === hardness) return right.rate;
  const left = points[above - 1];
  if (!left) return null;
  const part = (hardness - left.hardness) / (right.hardness - left.hardness);
  return left.rate + part * (right.rate - left.rate);
}

/** `levels` (at most) round hardnesses between the least and the greatest of all sweeps, `step` apart. */
export function hardnessLevels(sweeps: readonly (readonly SweepPoint[])[], step: number): number[] {
  const all = sweeps.flat().map(({ hardness }) => hardness);
  if (all.length === 0) return [];
  const first = Math.ceil(Math.min(...all) / step - 1e-9);
  const last = Math.floor(Math.max(...all) / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toFixed(6)),
  );
}
