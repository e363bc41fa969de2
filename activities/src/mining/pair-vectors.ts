import type { PairMetric } from './pair-metric.ts';

/** Partners that one row is averaged over: its first ones. */
export const MOST_PARTNERS = 32;

/** Rows of one side with their partners of the other. */
export interface PairRows {
  /** float32 [n, dimension], and the mean of their side */
  readonly own: Float32Array;
  readonly mean: Float64Array;
  /** float32 [p, dimension], and the mean of their side */
  readonly partners: Float32Array;
  readonly partnersMean: Float64Array;
  /** int32 [n + 1]: the partners of row i are rows [offsets[i], offsets[i + 1]) */
  readonly offsets: Int32Array;
}

/** The pair vectors of rows, float32 [n, dimension] of length 1: each row and the mean of its partners under the metric. */
export function bundleRows(metric: PairMetric, rows: PairRows): Float32Array {
  const { dimension: d } = metric;
  const { own, mean, partners, partnersMean, offsets } = rows;
  const sums = new Float64Array(own.length);
  for (let row = 0; row * d < own.length; row++) {
    addCentred(sums, row, own.subarray(row * d, (row + 1) * d), mean, 1);
    const [first, last] = [offsets[row]!, offsets[row + 1]!];
    for (let i = first; i < last; i++) {
      addCentred(sums, row, partners.subarray(i * d, (i + 1) * d), partnersMean, 1 / (last - first));
    }
  }
  const whitened = new Float32Array(sums.length);
  whitenRows(metric, sums, whitened);
  return whitened;
}

/** Rows whitened at once: each row of the metric is read once for all of them. */
const BLOCK = 4;

/**
 * Whitens and normalises rows of centred sums in place: `whitening x row`, scaled to length 1 (a row of zeros stays).
 * Two such rows' inner product is the cosine of two pairs under the metric. Fixed order, so the bits do not depend on how
 * rows are blocked.
 *
 * @param rows float64 [n, dimension]
 * @param into float32 [n, dimension]
 */
export function whitenRows(
  { dimension: d, whitening }: PairMetric,
  rows: Float64Array,
  into: Float32Array,
): void {
  const out = new Float64Array(BLOCK * d);
  const count = rows.length / d;
  for (let first = 0; first < count; first += BLOCK) {
    const [a, b, c, e] = Array.from({ length: BLOCK }, (_, i) => Math.min(first + i, count - 1) * d) as [
      number,
      number,
      number,
      number,
    ];
    for (let i = 0; i < d; i++) {
      const row = i * d;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let j = 0; j <= i; j++) {
        const w = whitening[row + j]!;
        s0 += w * rows[a + j]!;
        s1 += w * rows[b + j]!;
        s2 += w * rows[c + j]!;
        s3 += w * rows[e + j]!;
      }
      out[i] = s0;
      out[d + i] = s1;
      out[2 * d + i] = s2;
      out[3 * d + i] = s3;
    }
    for (let i = 0; i < Math.min(BLOCK, count - first); i++) {
      normalise(out.subarray(i * d, (i + 1) * d), into.subarray((first + i) * d, (first + i + 1) * d));
    }
  }
}

function normalise(from: Float64Array, into: Float32Array): void {
  let squares = 0;
  for (const x of from) squares += x * x;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let i = 0; i < from.length; i++) into[i] = from[i]! * scale;
}

/** Adds `part` times (vector - mean) to a row of a centred sum. */
export function addCentred(
  sum: Float64Array,
  row: number,
  vector: Float32Array,
  mean: Float64Array,
  part: number,
): void {
  const at = row * mean.length;
  for (let i = 0; i < mean.length; i++) sum[at + i]! += (vector[i]! - mean[i]!) * part;
}
