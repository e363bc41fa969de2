/** Counts of scores in equal bins, as it goes into `done.json` and the report. */
export interface Histogram {
  /** Lower edge of the first bin. */
  readonly from: number;
  /** Upper edge of the last bin. */
  readonly to: number;
  /** Bin i holds scores in [from + i * width, from + (i + 1) * width); the last one `to` as well. */
  readonly bins: number[];
  under: number;
  over: number;
}

const BINS = 100;

/** Bins of 0.02 from -1 to 1, or a hundred of other ends. */
export function emptyHistogram(from = -1, to = 1): Histogram {
  return { from, to, bins: new Array<number>(BINS).fill(0), under: 0, over: 0 };
}

export function addScore(histogram: Histogram, score: number): void {
  const { from, to, bins } = histogram;
  if (score < from) histogram.under++;
  else if (score > to) histogram.over++;
  else {
    const bin = Math.floor(((score - from) / (to - from)) * bins.length);
    bins[Math.min(bin, bins.length - 1)]!++;
  }
}

/** Adds the counts of a histogram with the same bins. */
export function addHistogram(histogram: Histogram, other: Histogram): void {
  for (const [bin, count] of other.bins.entries()) histogram.bins[bin]! += count;
  histogram.under += other.under;
  histogram.over += other.over;
}

/** Everything counted, what lies outside the bins included. */
export function total({ bins, under, over }: Histogram): number {
  return bins.reduce((sum, count) => sum + count, under + over);
}
