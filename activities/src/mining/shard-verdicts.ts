import type { Saha } from './anchor.ts';
import type { Claims } from './claims.ts';
import type { MiningTally } from './mining-tally.ts';
import { verdictsOf } from './verdicts.ts';

/** One query shard's candidates, as merge puts them out. */
export interface ScoredShard {
  /** Queries [start, end). */
  readonly start: number;
  readonly end: number;
  /** Candidates per query. */
  readonly k: number;
  /** int32 [q, k], -1 padded */
  readonly documents: Int32Array;
  /** float32 [q, k] */
  readonly scores: Float32Array;
  /** float32: one per pair of the shard's queries, in pair order */
  readonly positiveScores: Float32Array;
}

/** The final verdicts of one query shard, as the stage `cluster` puts them out. */
export interface SahaVerdicts {
  /** uint8 [q, k]: reason codes, 0 kept, 255 no candidate */
  readonly reasons: Uint8Array;
  /** int16 [q, topK]: places of the kept candidates in order, -1 padded */
  readonly kept: Int16Array;
  /** int32 [q]: the pair whose rows are emitted, or ALL_PAIRS, or NO_PAIR */
  readonly pairs: Int32Array;
  /** int32 [q, k]: the owner looked at, -1 none */
  readonly owners: Int32Array;
  /** float32 [q, k]: its similarity to the query, NaN none */
  readonly ownerScores: Float32Array;
  /** Kept candidates without an owner. */
  readonly keptUnowned: number;
}

/** {@link verdictsOf} every query of the shard, counted in `tally`. Memory: 9 bytes per candidate, 2 topK per query. */
export function judgeShard(
  saha: Saha,
  claims: Claims,
  shard: ScoredShard,
  keepUnowned: boolean,
  tally: MiningTally,
): SahaVerdicts {
  const { start, end, k, documents, scores, positiveScores } = shard;
  const { queryPairs } = saha.pairs;
  const slots = (end - start) * k;
  let keptUnowned = 0;
  const verdicts = {
    reasons: new Uint8Array(slots),
    kept: new Int16Array((end - start) * saha.topK).fill(-1),
    pairs: new Int32Array(end - start),
    owners: new Int32Array(slots),
    ownerScores: new Float32Array(slots),
  };
  for (let query = start; query < end; query++) {
    const { reasons, kept, pair, owners, ownerScores } = verdictsOf(saha, claims, query, keepUnowned);
    const first = (query - start) * k;
    verdicts.reasons.set(reasons, first);
    verdicts.kept.set(kept, (query - start) * saha.topK);
    verdicts.pairs[query - start] = pair;
    verdicts.owners.set(owners, first);
    verdicts.ownerScores.set(ownerScores, first);
    for (const place of kept) if (owners[place]! < 0) keptUnowned++;
    tally.add({
      query,
      ownerScores,
      documents: documents.subarray(first, first + k),
      scores: scores.subarray(first, first + k),
      reasons,
      kept: kept.length,
      pair,
      positiveScores: positiveScores.subarray(
        queryPairs[query]! - queryPairs[start]!,
        queryPairs[query + 1]! - queryPairs[start]!,
      ),
    });
  }
  return { ...verdicts, keptUnowned };
}
