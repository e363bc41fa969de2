import type { DenseColumns } from './dense-rows.ts';

/** Columns of the `cluster` stage's `clusters.npy`. */
export const CLUSTER_COLUMNS = 4;

/**
 * `clusters`: the pairs of every cluster, the anchor first, in the order in which the clusters were made; as dense ids.
 *
 * @param members rows (cluster, position, pair, phase) of one file
 * @param pairQuery of the whole plan, as `pairDocument`
 */
export function clusterRows(
  members: Int32Array,
  pairQuery: Int32Array,
  pairDocument: Int32Array,
): DenseColumns {
  const rows = members.length / CLUSTER_COLUMNS;
  const column = (value: (at: number) => number): Int32Array =>
    Int32Array.from({ length: rows }, (_, row) => value(row * CLUSTER_COLUMNS));
  return {
    cluster: column((at) => members[at]!),
    position: column((at) => members[at + 1]!),
    query: column((at) => pairQuery[members[at + 2]!]!),
    positive: column((at) => pairDocument[members[at + 2]!]!),
  };
}
