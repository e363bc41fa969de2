import { readNumber } from '../tables/duckdb-columns.ts';
import type { ExportTarget } from './export-target.ts';
import type { ExportSource } from './exporter.ts';

/**
 * Counts the queries that keep fewer negatives than a row needs, which therefore have no row in the export; where
 * `candidates` was published.
 */
export async function leaveOutQueries(source: ExportSource, target: ExportTarget, needed = 1): Promise<void> {
  if (!source.files.has('candidates')) return;
  const fewer = await readNumber(
    source.connection,
    `SELECT count(*) FROM (
       SELECT query_id FROM candidates GROUP BY query_id HAVING count(*) FILTER (verdict = 'kept') < ${needed})`,
  );
  target.leaveOut(
    fewer,
    needed === 1 ? 'queries that keep no negative' : `queries that keep fewer than ${needed} negatives`,
  );
}
