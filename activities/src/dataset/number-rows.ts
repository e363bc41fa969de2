import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job } from '@quarry/workflows';
import { sqlText } from '../tables/duckdb.ts';
import type { InputFiles } from './input-file.ts';
import type { Source } from './staging.ts';

/**
 * From staged rows to dense ids, in SQL over keys alone (no texts), every order total. Leaves these tables:
 *
 * - `documents` (document, and the columns of its first row) by (group, content hash), `queries` (query, and the same) by
 *   (group, input order)
 * - `document_of_row` (seq, document, first: seq of the row whose content it has), `query_of_row` (seq, first)
 * - `document_of_id` (id, document), `query_of_id` (id, first)
 * - `pairs` (query, document, place, relevance), `judged` (query, document, relevance)
 * - `bad_rows`, with what only now turned out to be bad
 *
 * Memory: DuckDB's limit; what does not fit goes to disk.
 */
export async function numberRows(
  connection: DuckDBConnection,
  { dedup, minRelevance }: Pick<Job['input'], 'dedup' | 'minRelevance'>,
  files: InputFiles,
): Promise<void> {
  const identity = dedup ? 'grp, hash' : 'grp, id';
  // A table keeps the order it was made in, so its row ids are the dense ids: cheaper than a window over all rows.
  await connection.run(`
    CREATE TABLE sorted_documents AS
      SELECT * FROM document_rows
        SEMI JOIN (SELECT min(seq) AS seq FROM document_rows GROUP BY ${identity}) USING (seq)
      ORDER BY grp, hash, seq;
    CREATE TABLE documents AS SELECT rowid::INTEGER AS document, * FROM sorted_documents;
    DROP TABLE sorted_documents;
    CREATE TABLE document_of_row AS
      SELECT r.seq, d.document, d.seq AS first FROM document_rows r JOIN documents d USING (${identity});
    CREATE TABLE query_of_row AS
      SELECT r.seq, f.first
      FROM query_rows r JOIN (SELECT ${identity}, min(seq) AS first FROM query_rows GROUP BY ${identity}) f USING (${identity});
    CREATE TABLE document_of_id AS
      SELECT r.id, min(d.document) AS document FROM document_rows r JOIN document_of_row d USING (seq) GROUP BY r.id;
    CREATE TABLE query_of_id AS
      SELECT r.id, min(q.first) AS first FROM query_rows r JOIN query_of_row q USING (seq) GROUP BY r.id;
    CREATE TABLE resolved AS
      SELECT p.*, coalesce(qs.first, qi.first) AS query_first, coalesce(ds.document, di.document) AS document
      FROM pair_rows p
        LEFT JOIN query_of_row qs ON qs.seq = p.query_seq
        LEFT JOIN query_of_id qi ON qi.id = p.query_id
        LEFT JOIN document_of_row ds ON ds.seq = p.document_seq
        LEFT JOIN document_of_id di ON di.id = p.document_id;
  `);
  await quarantineUnresolved(connection, files);
  await connection.run(`
    CREATE TABLE judgements AS
      SELECT query_first, document, min(seq) AS seq, max(relevance) AS relevance
      FROM resolved WHERE query_first IS NOT NULL AND document IS NOT NULL GROUP BY ALL;
    CREATE TABLE sorted_queries AS
      SELECT * FROM query_rows
        SEMI JOIN (SELECT query_first AS seq FROM judgements WHERE relevance >= ${minRelevance}) USING (seq)
      ORDER BY grp, seq;
    CREATE TABLE queries AS SELECT rowid::INTEGER AS query, * FROM sorted_queries;
    DROP TABLE sorted_queries;
    CREATE TABLE sorted_pairs AS
      SELECT q.query, j.document, j.relevance
      FROM judgements j JOIN queries q ON q.seq = j.query_first WHERE j.relevance >= ${minRelevance}
      ORDER BY q.grp, j.seq;
    CREATE TABLE pairs AS SELECT rowid::INTEGER AS place, * FROM sorted_pairs;
    DROP TABLE sorted_pairs;
    CREATE TABLE judged AS
      SELECT q.query, j.document, j.relevance
      FROM judgements j JOIN queries q ON q.seq = j.query_first WHERE j.relevance < ${minRelevance}
      ORDER BY q.query, j.document;
  `);
}

/** Judgements of a query or document that is not there: bad, with the reason saying whether it was or never was. */
async function quarantineUnresolved(connection: DuckDBConnection, files: InputFiles): Promise<void> {
  const reason = (side: 'query' | 'document', source: Source): string => {
    const name = files[source]?.[0]?.name ?? 'the input';
    return `'${side} "' || u.${side}_id || '" ' || CASE WHEN ${side}_bad.line IS NULL
      THEN ${sqlText(`is not in ${name}`)} ELSE ${sqlText(`is quarantined itself (${name}:`)} || ${side}_bad.line || ')' END`;
  };
  const bad = (source: Source): string =>
    `(SELECT id, min(line) AS line FROM bad_rows WHERE source = '${source}' AND id IS NOT NULL GROUP BY id)`;
  await connection.run(`
    INSERT INTO bad_rows
      SELECT 'pairs', u.file, u.line, NULL,
        CASE WHEN u.query_first IS NULL THEN ${reason('query', 'queries')} ELSE ${reason('document', 'documents')} END
      FROM resolved u
        LEFT JOIN ${bad('queries')} query_bad ON query_bad.id = u.query_id
        LEFT JOIN ${bad('documents')} document_bad ON document_bad.id = u.document_id
      WHERE u.query_first IS NULL OR u.document IS NULL
      ORDER BY u.seq
  `);
}
