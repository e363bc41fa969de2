import type { Saha } from './anchor.ts';
import { type Claims, FREE } from './claims.ts';
import { ALL_PAIRS, NO_PAIR } from './emitted-pairs.ts';
import { CODE } from './reason-codes.ts';
import { tryCluster } from './try-cluster.ts';
import { emptyPool, type Pool, settledReason } from './walk.ts';

/** What became of every candidate of one query. */
export interface Verdicts {
  /** uint8 [k]: reason codes, 0 kept, 255 no candidate */
  readonly reasons: Uint8Array;
  /** Places of the kept candidates: the cluster's in its order, then those without an owner in rank order. */
  readonly kept: readonly number[];
  /** The pair whose rows are emitted, or ALL_PAIRS, or NO_PAIR. */
  readonly pair: number;
  /** int32 [k]: the owner looked at, -1 none */
  readonly owners: Int32Array;
  /** float32 [k]: its similarity to the query, NaN none */
  readonly ownerScores: Float32Array;
}

/**
 * The final verdicts on one query's candidates, once all clusters are made: the query's last try is repeated as it was.
 * Queries may come in any order.
 *
 * @param keepUnowned documents without an owner fill the kept ones up to `topK`
 */
export function verdictsOf(saha: Saha, claims: Claims, query: number, keepUnowned: boolean): Verdicts {
  const { pool, places } = lastTry(saha, claims, query);
  const anchors = places.length > 0;
  const kept = keepUnowned ? [...places, ...takeUnowned(pool, saha.topK - places.length)] : places;
  const pair = anchors ? claims.triedPair[query]! : kept.length > 0 ? ALL_PAIRS : NO_PAIR;
  return { reasons: pool.reasons, kept, pair, owners: pool.lookedAt, ownerScores: pool.lookedAtScores };
}

/** The query's last try; where another cluster claimed the query first, nothing is kept, as `claimed`. */
function lastTry(
  saha: Saha,
  claims: Claims,
  query: number,
): { readonly pool: Pool; readonly places: readonly number[] } {
  const phase = claims.triedPhase[query]!;
  if (phase !== 0) {
    const pair = claims.triedPair[query]!;
    const document = saha.pairs.pairDocument[pair]!;
    const after = claims.triedAfter[query]!;
    const tried = tryCluster(saha, claims, { pair, query, document, phase: phase === 1 ? 1 : 2, after });
    if (tried.members.length > 0 || claims.usedBy[query] === FREE) return tried;
  }
  return { pool: claimedPool(saha, query), places: [] };
}

function claimedPool(saha: Saha, query: number): Pool {
  const candidates = saha.candidates(query);
  const pool = emptyPool(candidates.k);
  for (let place = 0; place < candidates.k; place++) {
    pool.reasons[place] = settledReason(saha, candidates, query, place) || CODE.claimed;
  }
  return pool;
}

/** Keeps up to `count` documents without an owner, in rank order; the others were `not_sampled`. */
function takeUnowned({ reasons }: Pool, count: number): number[] {
  const kept: number[] = [];
  for (let place = 0; place < reasons.length; place++) {
    if (reasons[place] !== CODE.unowned) continue;
    if (kept.length < count) kept.push(place);
    reasons[place] = kept.at(-1) === place ? 0 : CODE.not_sampled;
  }
  return kept;
}
