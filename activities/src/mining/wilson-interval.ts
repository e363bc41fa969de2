/** A share of a sample, and where the share of the whole lies with 95 % confidence. */
export interface ShareEstimate {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** Quantile of the normal distribution for 95 %. */
const Z = 1.96;

/**
 * Wilson's score interval of a binomial share (Wilson 1927): stays in 0..1 and is honest about small samples and shares
 * near 0, where the normal interval is not.
 *
 * @returns null for an empty sample, of which nothing can be said
 */
export function wilsonInterval(hits: number, sample: number): ShareEstimate | null {
  if (sample === 0) return null;
  const rate = hits / sample;
  const scale = 1 + Z ** 2 / sample;
  const centre = (rate + Z ** 2 / (2 * sample)) / scale;
  const half = (Z / scale) * Math.sqrt((rate * (1 - rate)) / sample + Z ** 2 / (4 * sample ** 2));
  return {
    rate,
    low: hits === 0 ? 0 : Math.max(0, centre - half),
    high: hits === sample ? 1 : Math.min(1, centre + half),
  };
}
