import type { Candidates } from '../candidates.ts';
import { randomStream } from '../random-stream.ts';

/** A query's positives as the miner would know them. */
export interface HiddenPositives {
  /** Places among the positives, ascending. */
  readonly visible: readonly number[];
  /** Documents. */
  readonly hidden: ReadonlySet<number>;
}

/** Share of the documents that are hidden. */
const HIDDEN = 0.5;

/**
 * The positives of a query that are hidden: a document is hidden from all queries or from none, which depends on (seed,
 * document) alone. Hidden from one query only it would still be found out by the others that own it, as no unknown positive is: groups of
 * known pairs have to be closed (shared baselines, section 1).
 *
 * @returns null where nothing is hidden, or nothing would be left
 */
export function hidePositives(positives: Int32Array, seed: number): HiddenPositives | null {
  const places = [...positives.keys()];
  const visible = places.filter((place) => !isHidden(positives[place]!, seed));
  if (visible.length === 0 || visible.length === places.length) return null;
  const hidden = new Set(positives);
  for (const place of visible) hidden.delete(positives[place]!);
  return { visible, hidden };
}

function isHidden(document: number, seed: number): boolean {
  return randomStream(seed, document)() < HIDDEN;
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
