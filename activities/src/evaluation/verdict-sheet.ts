import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageContext } from '../stages/stage-context.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { type CommittedRun, openTables } from './open-tables.ts';
import { SELECT_PROMOTED } from './promoted.ts';

/** What a sheet for people holds: rows with all columns of `candidates`, and their order. */
export interface Sheet {
  /** A SELECT over the view `candidates`. */
  readonly select: string;
  /** An ORDER BY over `p`, perhaps with a LIMIT. */
  readonly order: string;
}

/** What looks like missing positives, the likeliest first. */
export const PROMOTIONS: Sheet = {
  select: SELECT_PROMOTED,
  order: 'ORDER BY p.score - coalesce(p.positive_score, p.score) DESC, p.query_id, p.rank',
};

/**
 * Some of the kept negatives, every choice equally likely and the same in every run of the command: from it the share of
 * false negatives can be estimated where nothing else is known.
 */
export function sampleOfNegatives(rows: number): Sheet {
  return {
    select: `SELECT * FROM candidates WHERE verdict = 'kept'`,
    order: `ORDER BY md5(concat_ws(' ', p.query_id, p.document_id)), p.query_id, p.document_id LIMIT ${rows}`,
  };
}

/**
 * Writes a sheet as JSONL, with its evidence and an empty `verdict` for people to fill in (`positive` or `negative`);
 * `quarry evaluate --truth` reads it back.
 *
 * Memory: DuckDB's limit, a chunk of rows.
 *
 * @param path of a file that does not exist
 * @returns rows written
 */
export async function writeVerdictSheet(
  context: StageContext,
  run: CommittedRun,
  { select, order }: Sheet,
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
      FROM (${select}) p ${joins}
      ${order}`);
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
