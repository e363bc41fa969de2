import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { readNumber } from '../../tables/duckdb-columns.ts';
import type { ExportSource } from '../source/export-source.ts';
import type { ExportTarget } from './export-target.ts';

/** Copies the run's own files of a training table, and counts the queries that have no row in it. */
export async function copyTable(
  source: ExportSource,
  target: ExportTarget,
  table: 'triplet' | 'n-tuple',
): Promise<void> {
  for (const { path, local, rows } of source.files.get(table) ?? []) {
    source.signal.throwIfAborted();
    const name = basename(path);
    await copyFile(local, await target.path(name), constants.COPYFILE_FICLONE);
    target.count(name, rows);
  }
  if (!source.files.has('candidates')) return;
  const needed = table === 'triplet' ? 1 : await tupleLength(source);
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

/** N: the columns of `n-tuple` but anchor and positive. */
function tupleLength({ connection }: ExportSource): Promise<number> {
  return readNumber(connection, 'SELECT count(*) - 2 FROM (DESCRIBE "n-tuple")');
}
