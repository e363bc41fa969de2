import type { Candidates } from '../candidates.ts';
import { randomStream, sample } from '../random-stream.ts';

/**
 * A query as the miner would see it if half of its positives (rounded down) were not known; which ones depends on (seed,
 * query) alone. Those of them that retrieval found are candidates like any other, and it shows which survive.
 *
 * @returns null where the query has fewer than two positives
 */
export function withHiddenPositives(
  candidates: Candidates,
  seed: number,
): { readonly seen: Candidates; readonly hidden: ReadonlySet<number> } | null {
  const { positives, positiveScores, query } = candidates;
  if (positives.length < 2) return null;
  const places = [...positives.keys()];
  const chosen = new Set(sample(places, Math.floor(places.length / 2), randomStream(seed, query)));
  const visible = places.filter((place) => !chosen.has(place));
  return {
    seen: {
      ...candidates,
      reasons: new Uint8Array(candidates.reasons.length),
      positives: Int32Array.from(visible, (place) => positives[place]!),
      positiveScores: Float32Array.from(visible, (place) => positiveScores[place]!),
    },
    hidden: new Set([...chosen].map((place) => positives[place]!)),
  };
}
