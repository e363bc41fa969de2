import type { DuckDBConnection } from '@duckdb/node-api';
import { selectCandidates } from '../tables/candidates.ts';
import { type ContentShards, distinctIds, selectContents } from '../tables/contents.ts';
import { appendDenseRows, type DenseColumns } from '../tables/dense-rows.ts';
import type { RowSource } from '../tables/row-source.ts';
import { rowsByPlace } from '../tables/rows-by-place.ts';

/** Bytes of a row's numbers and short words; its ids come on top. */
const FIXED_BYTES = 40;

/** The table of candidates as one join of the dense rows with the ids, sorted by place. */
export async function candidateSource(
  connection: DuckDBConnection,
  dense: DenseColumns,
  contents: Readonly<Record<'documents' | 'queries', ContentShards>>,
  signal: AbortSignal,
): Promise<RowSource> {
  const ints = dense as Readonly<Record<'document' | 'query' | 'owner', Int32Array>>;
  const place = Int32Array.from({ length: ints.query.length }, (_, row) => row);
  await appendDenseRows(connection, 'dense', { place, ...dense }, signal);
  const load = async (side: ContentShards, wanted: Int32Array): Promise<void> => {
    const select = await selectContents(connection, side, wanted, ['id'], signal);
    const id = side.contents === 'documents' ? 'document' : 'query';
    await connection.run(
      `CREATE TABLE ${side.contents} AS ${select ?? `SELECT 0 AS ${id}, '' AS id WHERE false`}`,
    );
  };
  await load(contents.documents, distinctIds([ints.document]));
  await load(contents.queries, distinctIds([ints.query, ints.owner]));
  return {
    from: `(${selectCandidates('true')}) ORDER BY place`,
    bytesPerRow: FIXED_BYTES,
    rowsAt: async (places) =>
      places.length === 0
        ? new Map()
        : rowsByPlace(connection, `SELECT * FROM (${selectCandidates(`place IN (${places.join(', ')})`)})`),
    failure: () => undefined,
    close: () => undefined,
  };
}
