import { join } from 'node:path';
import type { StageContext } from '../stages/stage-context.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { type CommittedRun, openTables } from './open-tables.ts';

/** How the negatives of a run differ from those of an earlier round, over the queries that both have. */
export interface Churn {
  readonly run: string;
  readonly previous: string;
  /** Queries in both; in one alone. */
  readonly queries: number;
  readonly newQueries: number;
  readonly goneQueries: number;
  /** Negatives of the queries in both: kept by both, by the run alone, by the earlier one alone. */
  readonly same: number;
  readonly added: number;
  readonly removed: number;
  /** Share of the earlier round's negatives that are no longer kept; 0 where it had none. */
  readonly churn: number;
  /** Why the run dropped those that the earlier round kept; `not_retrieved` where they are no candidates any more. */
  readonly removedFor: Readonly<Record<string, number>>;
}

/** Compares two rounds by the ids of queries and documents. Memory: DuckDB's limit. */
export async function churnOf(
  context: StageContext,
  run: CommittedRun,
  previous: CommittedRun,
): Promise<Churn> {
  const database = await openDuckDb({ directory: join(context.scratch, 'duckdb-churn') });
  try {
    const { connection } = database;
    for (const [name, one] of [
      ['before', previous],
      ['after', run],
    ] as const) {
      await openTables(context, connection, one);
      await connection.run(
        `CREATE TABLE ${name} AS SELECT query_id, document_id, coalesce(reason, 'kept') AS reason FROM candidates`,
      );
      for (const view of ['candidates', 'n-tuple', 'clusters', 'documents', 'queries', 'positives'])
        await connection.run(`DROP VIEW IF EXISTS "${view}"`);
      await connection.run('DROP TABLE IF EXISTS positive_scores');
    }
    const numbers = async (sql: string): Promise<number[]> =>
      (await connection.runAndReadAll(sql)).getRows()[0]!.map(Number);
    const [queries, newQueries, goneQueries] = await numbers(`
      SELECT count(*) FILTER (a.query_id IS NOT NULL AND b.query_id IS NOT NULL),
        count(*) FILTER (b.query_id IS NULL), count(*) FILTER (a.query_id IS NULL)
      FROM (SELECT DISTINCT query_id FROM after) a FULL JOIN (SELECT DISTINCT query_id FROM before) b USING (query_id)`);
    const kept = (round: 'before' | 'after', other: string): string =>
      `(SELECT query_id, document_id FROM ${round} WHERE reason = 'kept' AND query_id IN (SELECT query_id FROM ${other}))`;
    const [same, added, removed] = await numbers(`
      SELECT count(*) FILTER (a.document_id IS NOT NULL AND b.document_id IS NOT NULL),
        count(*) FILTER (b.document_id IS NULL), count(*) FILTER (a.document_id IS NULL)
      FROM ${kept('after', 'before')} a FULL JOIN ${kept('before', 'after')} b
        ON a.query_id = b.query_id AND a.document_id = b.document_id`);
    const why = await connection.runAndReadAll(`
      SELECT coalesce(a.reason, 'not_retrieved') AS why, count(*) FROM ${kept('before', 'after')} b
        LEFT JOIN after a ON a.query_id = b.query_id AND a.document_id = b.document_id
      WHERE a.reason IS DISTINCT FROM 'kept' GROUP BY why ORDER BY 2 DESC, 1`);
    return {
      run: run.runId,
      previous: previous.runId,
      queries: queries!,
      newQueries: newQueries!,
      goneQueries: goneQueries!,
      same: same!,
      added: added!,
      removed: removed!,
      churn: same! + removed! === 0 ? 0 : removed! / (same! + removed!),
      removedFor: Object.fromEntries(why.getRows().map(([reason, count]) => [String(reason), Number(count)])),
    };
  } finally {
    database.close();
  }
}
