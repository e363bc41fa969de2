import type { PairMetric } from '../mining/pair-metric.ts';
import { readLocalRows } from './local-npy.ts';

/** The files of a fitted metric, local. */
export interface MetricFiles {
  /** `.npy` float64 [2, dimension] */
  readonly means: string;
  /** `.npy` float64 [dimension, dimension] */
  readonly whitening: string;
  readonly dimension: number;
}

export function readMetric({ means, whitening, dimension: d }: MetricFiles): PairMetric {
  const both = readLocalRows(means, 0, 2, new Float64Array(2 * d));
  return {
    dimension: d,
    queryMean: both.slice(0, d),
    documentMean: both.slice(d),
    whitening: readLocalRows(whitening, 0, d, new Float64Array(d * d)),
  };
}
