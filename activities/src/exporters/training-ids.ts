import { QuarryError } from '../failures.ts';
import { readNumber } from '../tables/duckdb-columns.ts';
import type { ExportSource } from './exporter.ts';
import { streamRows } from './stream-rows.ts';

/** A document by id; `text` is empty where texts were not asked for. */
export interface IdentifiedDocument {
  readonly id: string;
  readonly text: string;
  /** Similarity to the query; NaN for positives. */
  readonly score: number;
}

/** One query that keeps a negative, with ids. */
export interface TrainingIds {
  readonly id: string;
  readonly text: string;
  /** All positives, in the order of the data set. */
  readonly positives: readonly IdentifiedDocument[];
  /** The kept candidates, by rank. */
  readonly negatives: readonly IdentifiedDocument[];
}

/**
 * The queries that keep a negative, in the order of the data set: kept rows of `candidates`, joined by id with the plan.
 * Every kept candidate comes out exactly once, or a QuarryError `BadArtefact` says that the plan belongs to another run.
 *
 * Memory: DuckDB's limit (it sorts and joins on disk beyond it), a chunk of rows and one query's documents.
 */
export async function* trainingIds(
  source: ExportSource,
  { texts }: { readonly texts: boolean },
): AsyncGenerator<TrainingIds> {
  const kept = await readNumber(source.connection, "SELECT count(*) FROM candidates WHERE verdict = 'kept'");
  let found = 0;
  let current: { query: number; id: string; text: string } | undefined;
  let positives: IdentifiedDocument[] = [];
  let negatives: IdentifiedDocument[] = [];
  for await (const row of streamRows(source, selectDocuments(texts))) {
    const query = Number(row.query);
    if (query !== current?.query) {
      if (current) yield { id: current.id, text: current.text, positives, negatives };
      current = { query, id: String(row.query_id), text: String(row.query_text) };
      positives = [];
      negatives = [];
    }
    const document = { id: String(row.id), text: String(row.text), score: Number(row.score ?? Number.NaN) };
    if (row.negative) {
      negatives.push(document);
      found++;
    } else positives.push(document);
  }
  if (current) yield { id: current.id, text: current.text, positives, negatives };
  if (found === kept) return;
  throw new QuarryError(
    'BadArtefact',
    `${source.runId}: candidates keeps ${kept} rows and ${found} of them are found in the cache's plan, so that plan is not this run's; run the job again`,
  );
}

function selectDocuments(texts: boolean): string {
  return `
    WITH kept AS (
      SELECT q.query, d.document, c.rank, c.score
      FROM candidates c
      JOIN queries q ON q.id = c.query_id
      JOIN documents d ON d.id = c.document_id
      WHERE c.verdict = 'kept'
    ), found AS (
      SELECT query, document, true AS negative, rank AS place, score FROM kept
      UNION ALL
      SELECT query, document, false, place, NULL FROM pairs WHERE query IN (SELECT query FROM kept)
    )
    SELECT r.query, q.id AS query_id, q.text AS query_text, r.negative, d.id, r.score,
      ${texts ? 'd.text' : "''"} AS text
    FROM found r
    JOIN queries q ON q.query = r.query
    JOIN documents d ON d.document = r.document
    ORDER BY r.query, r.negative, r.place`;
}
