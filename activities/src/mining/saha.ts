import type { Range } from '@quarry/workflows';
import type { Anchor, Saha } from './anchor.ts';
import { type Claims, FREE } from './claims.ts';
import { pairsInOrder } from './pairs.ts';
import { tryCluster } from './try-cluster.ts';

/** One anchor pair and the pairs chosen for it: a unit of in-batch training. */
export interface Cluster {
  /** Place in the order made. */
  readonly number: number;
  readonly phase: 1 | 2;
  /** The anchor's pair. */
  readonly anchor: number;
  /** The pairs kept beside it, in order. */
  readonly members: readonly number[];
  /** Similarity of each member's query to the anchor's. */
  readonly scores: readonly number[];
}

/**
 * SaHa (arXiv 2508.00955): the sequential claim, in two phases over the pairs in data-set order. Yields the clusters in
 * the order made and leaves in `claims` (at first `noClaims`) who claimed whom. Memory: `claims` and 4 bytes per pair,
 * beside what `saha.candidates` holds.
 *
 * @param onPair told before each pair how many of the 2 P were looked at; it may throw to stop
 * @param rows the pairs of one group, as places in data-set order; default all
 */
export function* formClusters(
  saha: Saha,
  claims: Claims,
  onPair: (done: number) => void = () => {},
  rows?: Range,
): Generator<Cluster, void> {
  const { pairQuery, pairDocument } = saha.pairs;
  const order = pairsInOrder(saha.pairs).subarray(rows?.start, rows?.end);
  let done = 0;
  let made = 0;
  for (const phase of [1, 2] as const) {
    for (const pair of order) {
      onPair(done++);
      const query = pairQuery[pair]!;
      if (claims.usedBy[query] !== FREE) continue;
      const anchor: Anchor = { pair, query, document: pairDocument[pair]!, phase, after: made };
      const { members, scores } = tryCluster(saha, claims, anchor);
      noteTry(claims, anchor);
      if (members.length === 0) continue;
      const cluster: Cluster = { number: made++, phase, anchor: pair, members, scores };
      claim(saha, claims, cluster);
      yield cluster;
    }
  }
}

function noteTry(claims: Claims, { pair, query, phase, after }: Anchor): void {
  claims.triedPair[query] = pair;
  claims.triedAfter[query] = after;
  claims.triedPhase[query] = phase;
}

/** Steps 3d and 3f: the anchor and the kept owners are used; in phase 2 the kept owners are reused as well. */
function claim(
  { pairs }: Saha,
  { usedBy, reusedBy }: Claims,
  { number, phase, anchor, members }: Cluster,
): void {
  usedBy[pairs.pairQuery[anchor]!] = number;
  for (const member of members) {
    const query = pairs.pairQuery[member]!;
    if (usedBy[query] === FREE) usedBy[query] = number;
    if (phase === 2) reusedBy[query] = number;
  }
}
