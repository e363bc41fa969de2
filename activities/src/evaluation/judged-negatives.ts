import type { DuckDBConnection } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import { readNumber } from '../tables/duckdb-columns.ts';
import type { CommittedRun, OpenTables } from './open-tables.ts';
import type { Truth } from './read-truth.ts';

/**
 * Makes `judged_candidates` (eligible candidates with `relevant`: true, false, or null where the truth is silent), and
 * gives the SELECT that judges the view `negatives` (query_id, document_id, rank, score) likewise.
 */
export async function judgements(
  connection: DuckDBConnection,
  run: CommittedRun,
  open: OpenTables,
  truth: Truth,
): Promise<{ readonly select: string; readonly notes: readonly string[] }> {
  const notes: string[] = [];
  if (truth.kind === 'labels') await nameLabels(connection, run, open, truth);
  else {
    await connection.run(
      'CREATE TEMP VIEW said AS SELECT DISTINCT query_id, document_id, relevant FROM truth',
    );
    if (open.texts) notes.push(...(await unknownDocuments(connection)));
  }
  const judge = (from: string): string =>
    truth.kind === 'labels'
      ? `SELECT n.*, q.label = d.label AS relevant FROM ${from} n
         LEFT JOIN query_labels q USING (query_id) LEFT JOIN document_labels d USING (document_id)`
      : `SELECT n.*, ${truth.kind === 'qrels' ? CLOSED : 's.relevant'} AS relevant FROM ${from} n
         LEFT JOIN said s ON s.query_id = n.query_id AND s.document_id = n.document_id`;
  await connection.run(
    `CREATE TEMP VIEW judged_candidates AS ${judge(`(
      SELECT query_id, document_id, rank, score, verdict FROM candidates
      WHERE coalesce(reason, '') NOT IN ('self', 'known_positive'))`)}`,
  );
  return { select: judge('negatives'), notes };
}

/** A judged query's documents that the truth does not list are not relevant. */
const CLOSED = `coalesce(s.relevant, CASE WHEN n.query_id IN (SELECT query_id FROM said) THEN false END)`;

async function nameLabels(
  connection: DuckDBConnection,
  run: CommittedRun,
  { texts }: OpenTables,
  { by, uri }: Truth,
): Promise<void> {
  await connection.run('CREATE TEMP VIEW labels AS SELECT DISTINCT key, label FROM truth');
  if (by === 'id') {
    await connection.run('CREATE TEMP VIEW query_labels AS SELECT key AS query_id, label FROM labels');
    await connection.run('CREATE TEMP VIEW document_labels AS SELECT key AS document_id, label FROM labels');
    return;
  }
  if (!texts) {
    throw new QuarryError(
      'BadJob',
      `${uri} labels texts, and ${run.cache} no longer holds those of ${run.runId}; run the job again with this cache, or give the labels by id`,
    );
  }
  for (const [side, plural] of [
    ['query', 'queries'],
    ['document', 'documents'],
  ]) {
    await connection.run(
      `CREATE TEMP TABLE ${side}_labels AS SELECT t.id AS ${side}_id, l.label FROM ${plural} t JOIN labels l ON l.key = t.text`,
    );
  }
}

/** Equal documents carry the id that comes first in the input, so a judgement of another id would be missed in silence. */
async function unknownDocuments(connection: DuckDBConnection): Promise<string[]> {
  const unknown = await readNumber(
    connection,
    'SELECT count(DISTINCT document_id) FROM said WHERE relevant AND document_id NOT IN (SELECT id FROM documents)',
  );
  return unknown === 0
    ? []
    : [
        `${unknown} relevant documents of the truth are not among the run's documents: they are missing from its corpus, or equal to one that comes first`,
      ];
}
