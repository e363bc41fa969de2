import type { Candidates } from '../candidates.ts';
import { randomStream, sample } from '../random-stream.ts';

/** A query's positives as the miner would know them. */
export interface HiddenPositives {
  /** Places among the positives, ascending. */
  readonly visible: readonly number[];
  /** Documents. */
  readonly hidden: ReadonlySet<number>;
}

/**
 * Half of a query's positives (rounded down); which ones depends on (seed, query) alone.
 *
 * @returns null where the query has fewer than two positives
 */
export function hidePositives(positives: Int32Array, seed: number, query: number): HiddenPositives | null {
  if (positives.length < 2) return null;
  const places = [...positives.keys()];
  const chosen = new Set(sample(places, Math.floor(places.length / 2), randomStream(seed, query)));
  return {
    visible: places.filter((place) => !chosen.has(place)),
    hidden: new Set([...chosen].map((place) => positives[place]!)),
  };
}

/**
 * A query as the miner would see it if some of its positives were not known. Those of them that retrieval found are
 * candidates like any other, and it shows which survive.
 *
 * @param features what the filters look at, as it would be then
 */
export function withHiddenPositives(
  candidates: Candidates,
  { visible }: HiddenPositives,
  features: Candidates['features'] = {},
): Candidates {
  const { positives, positiveScores } = candidates;
  return {
    ...candidates,
    reasons: new Uint8Array(candidates.reasons.length),
    positives: Int32Array.from(visible, (place) => positives[place]!),
    positiveScores: Float32Array.from(visible, (place) => positiveScores[place]!),
    features: { ...candidates.features, ...features },
  };
}
