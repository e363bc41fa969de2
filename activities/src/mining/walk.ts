import { NO_CANDIDATE } from '@quarry/workflows';
import { type Anchor, isTaken, type Saha } from './anchor.ts';
import type { Claims } from './claims.ts';
import type { OwnedCandidates, ScoredOwner } from './owned-candidates.ts';
import { isPositive } from './pairs.ts';
import { CODE } from './reason-codes.ts';

/** What a walk found: owners in the rank order of the documents that led to them, and a verdict per candidate. */
export interface Pool {
  readonly owners: number[];
  /** Similarity of each owner to the anchor's query. */
  readonly scores: number[];
  /** Place among the candidates of the document that led to each owner. */
  readonly places: number[];
  /** uint8 [k]: reason codes, 0 where the candidate is in the pool */
  readonly reasons: Uint8Array;
  /** int32 [k]: the owner looked at, -1 none */
  readonly lookedAt: Int32Array;
  /** float32 [k]: its similarity to the anchor's query, NaN none */
  readonly lookedAtScores: Float32Array;
}

interface Walk {
  readonly saha: Saha;
  readonly claims: Claims;
  readonly anchor: Anchor;
  readonly candidates: OwnedCandidates;
  /** The owners in the pool. */
  readonly found: Set<number>;
}

/**
 * Steps 3a and 3b: walks the anchor's candidates in rank order and takes of each its most similar owner that is free,
 * until `first` owners are found.
 */
export function walk(saha: Saha, claims: Claims, anchor: Anchor, first: number): Pool {
  const candidates = saha.candidates(anchor.query);
  const pool = emptyPool(candidates.k);
  const here: Walk = { saha, claims, anchor, candidates, found: new Set() };
  for (let place = 0; place < candidates.k; place++) {
    const settled = settledReason(saha, candidates, anchor.query, place) || leftOut(here, place);
    if (settled !== 0) pool.reasons[place] = settled;
    else if (pool.owners.length === first) pool.reasons[place] = CODE.not_sampled;
    else pool.reasons[place] = look(here, place, pool);
  }
  return pool;
}

export function emptyPool(k: number): Pool {
  return {
    owners: [],
    scores: [],
    places: [],
    reasons: new Uint8Array(k),
    lookedAt: new Int32Array(k).fill(-1),
    lookedAtScores: new Float32Array(k).fill(Number.NaN),
  };
}

/**
 * What is known of the candidate at `place` before any claim: what was dropped before, what lies outside the 2 K m that
 * SaHa retrieves, and documents without an owner (at any rank). 0 where the owners decide.
 */
export function settledReason(saha: Saha, candidates: OwnedCandidates, query: number, place: number): number {
  const slot = slotOf(candidates, query, place);
  if (candidates.documents[slot]! < 0) return NO_CANDIDATE;
  if (candidates.reasons[slot] !== 0) return candidates.reasons[slot]!;
  if (place >= 2 * saha.topK * saha.poolMultiplier) return CODE.rank_window;
  return candidates.ownerOffsets[slot] === candidates.ownerOffsets[slot + 1] ? CODE.unowned : 0;
}

export function slotOf({ start, k }: OwnedCandidates, query: number, place: number): number {
  return (query - start) * k + place;
}

/** The reference form leaves out the row's own positive only; the strict form's positives are settled before. */
function leftOut({ saha, anchor, candidates }: Walk, place: number): number {
  const own = candidates.documents[slotOf(candidates, anchor.query, place)] === anchor.document;
  return saha.form === 'reference' && own ? CODE.known_positive : 0;
}

/** Looks at the owners of the candidate at `place`; the pool grows where the verdict is 0. */
function look(here: Walk, place: number, pool: Pool): number {
  const { saha, claims, anchor, candidates, found } = here;
  const { owners, ownerOffsets, documents } = candidates;
  const slot = slotOf(candidates, anchor.query, place);
  const from = ownerOffsets[slot]!;
  const to = ownerOffsets[slot + 1]!;
  let reason = CODE.owner_used;
  const isFree = (owner: number): boolean => {
    if (isTaken(claims, anchor, owner)) return false;
    if (!isBarred(here, owner)) return true;
    reason = CODE.owner_barred;
    return false;
  };
  let chosen: ScoredOwner | undefined;
  for (let i = from; i < to && !chosen; i++) {
    const owner = owners.queries[i]!;
    if (isFree(owner)) chosen = { owner, score: owners.scores[i]! };
  }
  if (!chosen && to - from >= saha.ownersListed) {
    chosen = saha.nearestOwner(anchor.query, documents[slot]!, isFree);
  }
  pool.lookedAt[place] = chosen?.owner ?? owners.queries[from]!;
  pool.lookedAtScores[place] = chosen?.score ?? owners.scores[from]!;
  if (!chosen) return reason;
  found.add(chosen.owner);
  pool.owners.push(chosen.owner);
  pool.scores.push(chosen.score);
  pool.places.push(place);
  return 0;
}

/**
 * The strict form's point b: an owner found before, or one that shares the anchor's positive. The anchor's own query
 * cannot come up, because all its positives are left out.
 */
function isBarred({ saha, anchor, found }: Walk, owner: number): boolean {
  if (saha.form === 'reference') return false;
  return found.has(owner) || isPositive(saha.pairs, owner, anchor.document);
}
