import { hardnessLevels, rateAt, type SweepPoint } from './equal-hardness.ts';
import type { Evaluation } from './evaluate-run.ts';

/** The scales on which negatives of different methods can be equally hard. */
export const SCALES = ['attainable', 'ratio', 'meanHardness'] as const;
export type Scale = (typeof SCALES)[number];

/** Distance of the levels on each scale. */
const STEP: Readonly<Record<Scale, number>> = { attainable: 0.1, ratio: 0.1, meanHardness: 0.05 };

/** One run of a series: runs of one series are a sweep of one method. */
export interface SeriesRun {
  readonly series: string;
  readonly evaluation: Evaluation;
}

/** False-negative rates of the series at one hardness; null where a series does not reach it. */
export interface EqualHardness {
  readonly scale: Scale;
  readonly hardness: number;
  readonly rates: Readonly<Record<string, number | null>>;
}

/**
 * Puts series side by side at equal hardness, on every scale that all their runs have. Levels at which no series has a
 * rate are left out, and so is everything where there is one series of one run.
 */
export function compareRuns(runs: readonly SeriesRun[]): readonly EqualHardness[] {
  if (runs.length < 2) return [];
  return SCALES.flatMap((scale) => {
    const sweeps = sweepsOf(runs, scale);
    if (!sweeps) return [];
    return hardnessLevels([...sweeps.values()], STEP[scale])
      .map((hardness) => ({
        scale,
        hardness,
        rates: Object.fromEntries([...sweeps].map(([name, sweep]) => [name, rateAt(sweep, hardness)])),
      }))
      .filter(({ rates }) => Object.values(rates).some((rate) => rate !== null));
  });
}

/** The points of every series, or null where one lacks the scale. */
export function sweepsOf(
  runs: readonly SeriesRun[],
  scale: Scale,
): ReadonlyMap<string, readonly SweepPoint[]> | null {
  const sweeps = new Map<string, SweepPoint[]>();
  for (const { series, evaluation } of runs) {
    const { rate, reached, [scale]: hardness } = evaluation;
    if (rate === null || hardness === null) return null;
    sweeps.set(series, [...(sweeps.get(series) ?? []), { hardness, rate, reached }]);
  }
  return sweeps;
}
