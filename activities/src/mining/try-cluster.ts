import type { Anchor, Saha } from './anchor.ts';
import type { Claims } from './claims.ts';
import { pairOf } from './pairs.ts';
import { CODE } from './reason-codes.ts';
import { conflict, selfAwareOrder } from './self-aware-filter.ts';
import { type Pool, slotOf, walk } from './walk.ts';

/** A cluster in the making: one try round one anchor. Nothing is kept where the walk found no owner. */
export interface Try {
  /** The pairs kept beside the anchor, in order. */
  readonly members: readonly number[];
  /** Similarity of each member's query to the anchor's. */
  readonly scores: readonly number[];
  /** Place of each member's document among the anchor's candidates. */
  readonly places: readonly number[];
  /** The walk, with the final verdicts. */
  readonly pool: Pool;
}

/** Steps 3a, 3b, 3e and 3f for one anchor; changes no claims. */
export function tryCluster(saha: Saha, claims: Claims, anchor: Anchor): Try {
  const first = saha.topK * saha.poolMultiplier * anchor.phase;
  const pool = walk(saha, claims, anchor, first);
  const tried = { members: [] as number[], scores: [] as number[], places: [] as number[], pool };
  for (const entry of selfAwareOrder(pool.scores, saha.classification)) {
    const place = pool.places[entry]!;
    const pair = memberPair(saha, anchor, pool.owners[entry]!, place);
    if (tried.members.length === saha.topK) {
      pool.reasons[place] = saha.classification ? CODE.not_sampled : CODE.owner_similar;
    } else if (saha.form === 'strict' && tried.members.some((member) => conflict(saha, member, pair))) {
      pool.reasons[place] = CODE.conflict;
    } else {
      tried.members.push(pair);
      tried.scores.push(pool.scores[entry]!);
      tried.places.push(place);
    }
  }
  return tried;
}

/** The pair that enters the cluster: (owner, retrieved document); in the reference form the owner's last pair. */
function memberPair(saha: Saha, anchor: Anchor, owner: number, place: number): number {
  if (saha.form === 'reference') return saha.pairs.queryPairs[owner + 1]! - 1;
  const candidates = saha.candidates(anchor.query);
  return pairOf(saha.pairs, owner, candidates.documents[slotOf(candidates, anchor.query, place)]!);
}
