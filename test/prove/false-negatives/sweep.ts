import { rateAt, type SweepPoint } from '@quarry/activities/evaluation/equal-hardness';
import { randomStream } from '@quarry/activities/mining/random-stream';

/** Negatives mined per anchor. */
export const NEGATIVES = 10;

export type Scale = 'ratio' | 'attainable';

/** What every setting of one method mined, anchor by anchor. */
export class Sweep {
  readonly settings: number;
  readonly #anchors: number;
  readonly #taken: Uint8Array;
  readonly #false: Uint8Array;
  readonly #sums: Float32Array;

  constructor(anchors: number, settings: number) {
    this.#anchors = anchors;
    this.settings = settings;
    this.#taken = new Uint8Array(anchors * settings);
    this.#false = new Uint8Array(anchors * settings);
    this.#sums = new Float32Array(anchors * settings);
  }

  /** One mined negative. */
  take(anchor: number, setting: number, score: number, isFalse: boolean): void {
    const at = anchor * this.settings + setting;
    this.#taken[at]!++;
    this.#sums[at]! += score;
    if (isFalse) this.#false[at]!++;
  }

  /**
   * Settings whose measure passes: an anchor's candidates in rank order, of which each setting takes the first ten with a
   * measure of at most `thresholds[setting]` (ascending).
   */
  takeBelow(
    anchor: number,
    thresholds: Float64Array,
    scores: Float32Array,
    measures: Float32Array,
    hidden: Uint8Array,
  ): void {
    const at = anchor * this.settings;
    let full = this.settings;
    for (let i = 0; i < scores.length && full > 0; i++) {
      for (let setting = lowerBound(thresholds, measures[i]!); setting < full; setting++) {
        this.take(anchor, setting, scores[i]!, hidden[i] === 1);
      }
      while (full > 0 && this.#taken[at + full - 1] === NEGATIVES) full--;
    }
  }

  /** Every setting over some anchors (all by default; repeated ones count repeatedly). */
  points(scale: Scale, ceiling: Float64Array, positives: Float64Array, picked?: Int32Array): SweepPoint[] {
    const count = picked?.length ?? this.#anchors;
    let most = 0;
    for (let i = 0; i < count; i++) most += ceiling[picked ? picked[i]! : i]!;
    return Array.from({ length: this.settings }, (_, setting) => {
      let [taken, falseOnes, hardness, reached] = [0, 0, 0, 0];
      for (let i = 0; i < count; i++) {
        const anchor = picked ? picked[i]! : i;
        const at = anchor * this.settings + setting;
        if (this.#taken[at] === 0) continue;
        taken += this.#taken[at]!;
        falseOnes += this.#false[at]!;
        reached++;
        const mean = this.#sums[at]! / this.#taken[at]!;
        hardness += scale === 'ratio' ? mean / Math.max(0.1, positives[anchor]!) : mean;
      }
      const whole = hardness / Math.max(1, reached);
      return {
        hardness: scale === 'ratio' ? whole : whole / (most / count),
        rate: falseOnes / Math.max(1, taken),
        reached: reached / count,
      };
    });
  }
}

/** The first threshold that is at least `value`; NaN is below all. */
function lowerBound(thresholds: Float64Array, value: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Resamples of the anchors. */
const RESAMPLES = 200;

/** The rate at a hardness with its 95 % bootstrap interval over anchors; null where the sweep does not reach it. */
export function rateWithInterval(
  sweep: Sweep,
  scale: Scale,
  hardness: number,
  ceiling: Float64Array,
  positives: Float64Array,
): { readonly rate: number; readonly low: number; readonly high: number } | null {
  const rate = rateAt(sweep.points(scale, ceiling, positives), hardness);
  if (rate === null) return null;
  const rates = resamples(ceiling.length).flatMap(
    (picked) => rateAt(sweep.points(scale, ceiling, positives, picked), hardness) ?? [],
  );
  rates.sort((a, b) => a - b);
  const at = (share: number): number =>
    rates[Math.min(rates.length - 1, Math.floor(share * rates.length))] ?? rate;
  return { rate, low: at(0.025), high: at(0.975) };
}

function resamples(anchors: number): Int32Array[] {
  return Array.from({ length: RESAMPLES }, (_, resample) => {
    const random = randomStream(42, resample);
    return Int32Array.from({ length: anchors }, () => Math.floor(random() * anchors));
  });
}
