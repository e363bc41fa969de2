import type { Claims } from './claims.ts';
import type { OwnedCandidates, ScoredOwner } from './owned-candidates.ts';
import type { Pairs } from './pairs.ts';

/** SaHa's settings, and what it looks things up in. */
export interface Saha {
  /** K: members of a cluster beside the anchor, at most. */
  readonly topK: number;
  /** m: `topK * poolMultiplier` owners are looked for, twice as many in phase 2. */
  readonly poolMultiplier: number;
  /** Documents are class labels: the first K in rank order instead of the least similar. */
  readonly classification: boolean;
  /** `reference`: what the public implementation does with several positives per query; only to prove the reading. */
  readonly form: 'strict' | 'reference';
  readonly pairs: Pairs;
  /** The candidates of a range of queries that holds this one. */
  readonly candidates: (query: number) => OwnedCandidates;
  /** Owners listed per candidate at most: a list of this length may be cut off. */
  readonly ownersListed: number;
  /** Of all owners of the document that are allowed the most similar to the query; equal ones: first in the data set. */
  readonly nearestOwner: (
    query: number,
    document: number,
    allowed: (owner: number) => boolean,
  ) => ScoredOwner | undefined;
}

/** One try to make a cluster round a pair. */
export interface Anchor {
  readonly pair: number;
  readonly query: number;
  readonly document: number;
  readonly phase: 1 | 2;
  /** Clusters made before: only their claims count. */
  readonly after: number;
}

/** Whether the owner is barred: in phase 1 by any earlier cluster, in phase 2 as a member of one of that phase. */
export function isTaken(claims: Claims, anchor: Anchor, owner: number): boolean {
  return (anchor.phase === 1 ? claims.usedBy : claims.reusedBy)[owner]! < anchor.after;
}
