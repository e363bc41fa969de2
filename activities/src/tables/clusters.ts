import type { Pairs } from '../mining/pairs.ts';
import type { DenseColumns } from './dense-rows.ts';

/** Columns of the `cluster` stage's `clusters.npy`. */
export const CLUSTER_COLUMNS = 4;

/**
 * `clusters`: the pairs of every cluster, the anchor first, in the order in which the clusters were made; as dense ids.
 * `missing` is in every row the number of pairs that its cluster has less than K and the anchor: 0 in a full one.
 *
 * @param members rows (cluster, position, pair, phase): those of one file, and behind them at least the rest of its last
 *   cluster
 * @param rows of the file
 * @param topK K
 * @param pairQuery of the whole plan, as `pairDocument`
 */
export function clusterRows(
  members: Int32Array,
  rows: number,
  topK: number,
  { pairQuery, pairDocument }: Pick<Pairs, 'pairQuery' | 'pairDocument'>,
): DenseColumns {
  const column = (value: (at: number) => number): Int32Array =>
    Int32Array.from({ length: rows }, (_, row) => value(row * CLUSTER_COLUMNS));
  const last = lastPositions(members);
  return {
    cluster: column((at) => members[at]!),
    position: column((at) => members[at + 1]!),
    query: column((at) => pairQuery[members[at + 2]!]!),
    positive: column((at) => pairDocument[members[at + 2]!]!),
    missing: column((at) => topK - last.get(members[at]!)!),
  };
}

/** The last position of each cluster. */
function lastPositions(members: Int32Array): Map<number, number> {
  const last = new Map<number, number>();
  for (let at = 0; at < members.length; at += CLUSTER_COLUMNS) last.set(members[at]!, members[at + 1]!);
  return last;
}
