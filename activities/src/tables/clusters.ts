import type { DenseColumns } from './dense-rows.ts';
import type { OutputTable } from './output-table.ts';

/** `clusters`: the pairs of every cluster, the anchor first, in the order in which the clusters were made. */
export const clusters: OutputTable = {
  documents: ['SELECT positive FROM dense'],
  queries: ['SELECT query FROM dense'],
  documentColumns: ['id', 'text'],
  queryColumns: ['id', 'text'],
  select: `
    SELECT r.place, r.cluster, r.position, q.id AS query_id, q.text AS query, d.id AS positive_id, d.text AS positive
    FROM dense r
    JOIN queries q ON q.query = r.query
    JOIN documents d ON d.document = r.positive`,
};

/** Columns of the `cluster` stage's `clusters.npy`. */
const WIDTH = 4;

/** `members`: rows (cluster, position, pair, phase) of this file. The pair arrays are those of the whole plan. */
export function clusterRows(
  members: Int32Array,
  pairQuery: Int32Array,
  pairDocument: Int32Array,
): DenseColumns {
  const rows = members.length / WIDTH;
  const column = (value: (at: number) => number): Int32Array =>
    Int32Array.from({ length: rows }, (_, row) => value(row * WIDTH));
  return {
    place: Int32Array.from({ length: rows }, (_, row) => row),
    cluster: column((at) => members[at]!),
    position: column((at) => members[at + 1]!),
    query: column((at) => pairQuery[members[at + 2]!]!),
    positive: column((at) => pairDocument[members[at + 2]!]!),
  };
}
