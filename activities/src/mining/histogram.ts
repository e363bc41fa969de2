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

/** Bins of 0.02 from -1 to 1. */
export function emptyHistogram(): Histogram {
  return { from: -1, to: 1, bins: new Array<number>(BINS).fill(0), under: 0, over: 0 };
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
