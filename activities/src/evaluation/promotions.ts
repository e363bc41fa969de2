import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageContext } from '../stages/stage-context.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { type CommittedRun, openTables } from './open-tables.ts';
import { SELECT_PROMOTED } from './promoted.ts';

/**
 * Writes what looks like missing positives of a run as JSONL, best first, with its evidence and an empty `verdict` for
 * people to fill in (`positive` or `negative`); `quarry evaluate --truth` reads it back.
 *
 * Memory: DuckDB's limit, a chunk of rows.
 *
 * @returns rows written
 */
export async function writePromotions(
  context: StageContext,
  run: CommittedRun,
  path: string,
): Promise<number> {
  const database = await openDuckDb({ directory: join(context.scratch, `duckdb-${run.runId}`) });
  try {
    const { connection } = database;
    const { texts } = await openTables(context, connection, run);
    const text = texts ? 'q.text AS query, d.text AS document,' : '';
    const joins = texts
      ? 'LEFT JOIN queries q ON q.id = p.query_id LEFT JOIN documents d ON d.id = p.document_id'
      : '';
    const result = await connection.stream(`
      SELECT p.query_id, p.document_id, '' AS verdict, ${text} p.* EXCLUDE (query_id, document_id, verdict)
      FROM (${SELECT_PROMOTED}) p ${joins}
      ORDER BY p.score - coalesce(p.positive_score, p.score) DESC, p.query_id, p.rank`);
    const file = await open(path, 'wx');
    let written = 0;
    try {
      for await (const rows of result.yieldRowObjectJson()) {
        context.signal.throwIfAborted();
        await file.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        written += rows.length;
      }
    } finally {
      await file.close();
    }
    return written;
  } finally {
    database.close();
  }
}
