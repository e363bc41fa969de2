import type { Range } from '@quarry/workflows';
import { pairsInOrder } from '../pairs.ts';
import type { Cluster } from '../saha.ts';
import type { CleanPairs } from './clean-pairs.ts';
import { Clique } from './clique.ts';
import { furtherPartners, nearPartners, type Partners } from './partners.ts';

/** From where a member is taken, and in how many clusters its query may stand already. */
interface Turn {
  readonly reach: 'near' | 'further';
  readonly usedBelow: number;
}

/**
 * Hard before easy, new before used: as in SaHa's two phases a query enters a second cluster where nothing else is near;
 * a third time only where otherwise the cluster would not be full.
 */
const TURNS: readonly Turn[] = [
  { reach: 'near', usedBelow: 1 },
  { reach: 'near', usedBelow: 2 },
  { reach: 'further', usedBelow: 1 },
  { reach: 'further', usedBelow: 2 },
  { reach: 'near', usedBelow: Number.POSITIVE_INFINITY },
  { reach: 'further', usedBelow: Number.POSITIVE_INFINITY },
];

/**
 * Clusters of `best`: round every query that stands in none yet, in data-set order, the hardest pairs of which every two
 * are compatible ({@link Clique}); where the anchor's own candidates lead to fewer than K, from further off. The
 * sequential claim is SaHa's (arXiv 2508.00955), the pair rule replaces its filter. Phase 1: all members were found through
 * the anchor's candidates; phase 2: some from further off. A query that nothing is compatible with makes no cluster.
 *
 * Memory: 8 bytes per pair and 4 per query, beside what `space` holds; of one anchor 64 K pairs.
 *
 * @param onPair told before each pair how many were looked at; it may throw to stop
 * @param rows the pairs of one group, as places in data-set order; default all
 */
export function* formCleanClusters(
  space: CleanPairs,
  onPair: (done: number) => void = () => {},
  rows?: Range,
): Generator<Cluster, void> {
  const { pairQuery, queryPairs } = space.pairs;
  const order = pairsInOrder(space.pairs).subarray(rows?.start, rows?.end);
  const uses = new Int32Array(queryPairs.length - 1);
  let number = 0;
  for (const [done, anchor] of order.entries()) {
    onPair(done);
    const query = pairQuery[anchor]!;
    if (uses[query]! > 0) continue;
    const { members, phase } = gather(space, uses, anchor, () => furtherPartners(space, anchor, order, done));
    if (members.length === 0) continue;
    for (const pair of [anchor, ...members]) uses[pairQuery[pair]!]!++;
    const scores = members.map((pair) => space.similarity(query, pairQuery[pair]!));
    yield { number: number++, phase, anchor, members, scores };
  }
}

/** Up to K pairs for an anchor, turn by turn. */
function gather(
  space: CleanPairs,
  uses: Int32Array,
  anchor: number,
  further: () => Partners,
): { readonly members: readonly number[]; readonly phase: 1 | 2 } {
  const { pairQuery } = space.pairs;
  const members: number[] = [];
  const clique = new Clique(space, anchor);
  const refused = new Set<number>();
  const partners: Partial<Record<Turn['reach'], Partners>> = {};
  let phase: 1 | 2 = 1;
  for (const { reach, usedBelow } of TURNS) {
    if (members.length === space.topK) break;
    partners[reach] ??= reach === 'near' ? nearPartners(space, anchor) : further();
    for (const pair of partners[reach]) {
      if (members.length === space.topK) break;
      if (refused.has(pair) || uses[pairQuery[pair]!]! >= usedBelow) continue;
      if (clique.admits(pair)) {
        clique.add(pair);
        members.push(pair);
        if (reach === 'further') phase = 2;
      } else refused.add(pair);
    }
  }
  return { members, phase };
}
