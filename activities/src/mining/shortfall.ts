import { addHistogram, addScore, emptyHistogram, type Histogram, total } from './histogram.ts';
import { CODE } from './reason-codes.ts';

/** A filter that compares scores with one value of the job, so that it can be said which value would have let more pass. */
export const THRESHOLDS = ['relative_margin', 'absolute_margin', 'max_score', 'min_score'] as const;
export type Threshold = (typeof THRESHOLDS)[number];

/**
 * Queries with fewer negatives than asked for, and for each threshold the value at which the candidates that it alone
 * dropped would have made up what is missing. What the later filters would have said of them is not known, so the counts
 * are upper bounds.
 */
export interface Shortfall {
  readonly queries: number;
  /** Queries by the value that would do. `relative_margin` and `absolute_margin` 0 to 0.5, the others -1 to 1. */
  readonly values: Readonly<Partial<Record<Threshold, Histogram>>>;
}

/** One query that is short. */
export interface ShortQuery {
  /** float32 [k], best first */
  readonly scores: Float32Array;
  /** uint8 [k]: final reasons */
  readonly reasons: Uint8Array;
  /** The lowest score of a positive. */
  readonly lowestPositive: number;
  /** Negatives that are missing; at least 1. */
  readonly missing: number;
}

/** Counts queries that are short. */
export class ShortfallTally {
  #queries = 0;
  readonly #values: Partial<Record<Threshold, Histogram>> = {};

  add({ scores, reasons, lowestPositive, missing }: ShortQuery): void {
    this.#queries++;
    for (const threshold of THRESHOLDS) {
      const code = CODE[threshold];
      const dropped = scores.filter((_, place) => reasons[place] === code);
      if (dropped.length < missing) continue;
      // Best first: an upper bound is relaxed from the lowest scores on, a lower bound from the highest.
      const score = threshold === 'min_score' ? dropped[missing - 1]! : dropped[dropped.length - missing]!;
      this.#values[threshold] ??= emptyValues(threshold);
      addScore(this.#values[threshold], valueAt(threshold, score, lowestPositive));
    }
  }

  figures(): Shortfall {
    return { queries: this.#queries, values: this.#values };
  }
}

export function sumShortfalls(shortfalls: readonly Shortfall[]): Shortfall {
  const values: Partial<Record<Threshold, Histogram>> = {};
  for (const shortfall of shortfalls) {
    for (const threshold of THRESHOLDS) {
      const more = shortfall.values[threshold];
      if (!more) continue;
      values[threshold] ??= emptyValues(threshold);
      addHistogram(values[threshold], more);
    }
  }
  return { queries: shortfalls.reduce((sum, { queries }) => sum + queries, 0), values };
}

/** Share of the queries that one threshold keeps short which its remedy fills. */
const FILLED = 0.9;

/** The strictest value of a threshold that would fill nine in ten of the queries which it alone keeps short, and how many. */
export function remedy(
  threshold: Threshold,
  { from, to, bins, under, over }: Histogram,
): { readonly value: number; readonly queries: number } {
  const edge = (bin: number): number => from + ((to - from) * bin) / bins.length;
  const wanted = FILLED * total({ from, to, bins, under, over });
  // `max_score` is raised, and fills what lies below it; the others are lowered, and fill what lies above.
  const rises = threshold === 'max_score';
  let filled = rises ? under : over;
  for (let step = 1; step <= bins.length; step++) {
    filled += bins[rises ? step - 1 : bins.length - step]!;
    if (filled >= wanted) return { value: edge(rises ? step : bins.length - step), queries: filled };
  }
  return { value: rises ? to : from, queries: filled };
}

/** The value of a threshold at which a candidate of this score just passes. */
function valueAt(threshold: Threshold, score: number, lowestPositive: number): number {
  if (threshold === 'relative_margin') return (lowestPositive - score) / Math.abs(lowestPositive);
  return threshold === 'absolute_margin' ? lowestPositive - score : score;
}

function emptyValues(threshold: Threshold): Histogram {
  return threshold.endsWith('margin') ? emptyHistogram(0, 0.5) : emptyHistogram();
}
