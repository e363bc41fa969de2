import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job } from '@quarry/workflows';
import { SELECT_PROMOTED } from '../evaluation/promoted.ts';
import { QuarryError } from '../failures.ts';
import { PLAN_FILES, type PlannedOfPrevious } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { UnitOutput } from '../stages/unit.ts';
import { sqlText } from '../tables/duckdb.ts';
import { streamColumns } from '../tables/duckdb-columns.ts';
import { GIVEN_SOURCES } from './given-candidates.ts';

/** A committed run of an earlier round. */
export interface PreviousRun {
  readonly runId: string;
  /** sha256 of its manifest, which holds the hashes of its files. */
  readonly sha256: string;
  /** URIs of the files of its table `candidates`. */
  readonly candidates: readonly string[];
  /** Its negatives may be negatives again. */
  readonly kept: boolean;
}

/** @throws QuarryError BadJob where there is no committed run, or one without `candidates` */
export async function openPreviousRun(
  context: StageContext,
  { previousRun: uri, keepPrevious = 0 }: Pick<Job['mining'], 'previousRun' | 'keepPrevious'>,
): Promise<PreviousRun | null> {
  if (uri === undefined) return null;
  const directory = uri.replace(/\/+$/, '');
  const bytes = await context.openStore(directory).readIfPresent(`${directory}/_manifest.json`);
  if (!bytes) {
    throw new QuarryError(
      'BadJob',
      `mining.previousRun ${directory} holds no _manifest.json, so no committed run; give the directory <output>/runs/<run id>`,
    );
  }
  const { runId, files } = JSON.parse(new TextDecoder().decode(bytes)) as {
    runId: string;
    files: readonly { path: string }[];
  };
  const candidates = files.filter(({ path }) => path.startsWith('data/candidates/'));
  if (candidates.length === 0) {
    throw new QuarryError(
      'BadJob',
      `mining.previousRun ${directory} was mined without the table candidates, in which its verdicts lie; add it to output.tables there and run that job again: only writing is left to do`,
    );
  }
  return {
    runId,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    candidates: candidates.map(({ path }) => `${directory}/${path}`),
    kept: keepPrevious > 0,
  };
}

/** Rows by dense ids that a SELECT over the view `candidates` yields (query_id, document_id, rank, score). */
const numbered = (select: string): string => `
  SELECT DISTINCT ON (q.query, d.document) q.query AS query, d.document AS document, p.rank AS rank, p.score AS score
  FROM (${select}) p
    JOIN query_of_id i ON i.id = p.query_id JOIN queries q ON q.seq = i.first
    JOIN document_of_id d ON d.id = p.document_id
  ORDER BY q.query, d.document, p.rank`;

const SELECT_KEPT = "SELECT * FROM candidates WHERE verdict = 'kept'";

/**
 * Writes what the previous round promoted, by dense ids; ids that are no longer there are passed over. Memory: DuckDB's
 * limit, 4 bytes per query and promotion.
 */
export async function writePromoted(
  context: StageContext,
  connection: DuckDBConnection,
  output: UnitOutput,
  previous: PreviousRun,
  queries: number,
): Promise<PlannedOfPrevious> {
  await viewCandidates(context, connection, previous);
  await connection.run(`CREATE TABLE promoted AS ${numbered(SELECT_PROMOTED)}`);
  const files = { offsets: PLAN_FILES.promotedOffsets, documents: PLAN_FILES.promotedDocument };
  return writeLists(connection, output, 'promoted', files, previous.runId, queries);
}

/**
 * Writes what the previous round kept, likewise, and makes candidates of it that the input brings: rows of the table `given`,
 * where those have not got them, with their rank and score of that round. Memory: DuckDB's limit, 4 bytes per query and negative.
 */
export async function writeKept(
  context: StageContext,
  connection: DuckDBConnection,
  output: UnitOutput,
  previous: PreviousRun,
  queries: number,
): Promise<PlannedOfPrevious> {
  await viewCandidates(context, connection, previous);
  await connection.run(`
    CREATE TABLE previous AS ${numbered(SELECT_KEPT)};
    INSERT INTO given SELECT query, document, rank, score, ${GIVEN_SOURCES.indexOf('previous')}
      FROM previous ANTI JOIN given USING (query, document)`);
  const files = { offsets: PLAN_FILES.previousOffsets, documents: PLAN_FILES.previousDocument };
  return writeLists(connection, output, 'previous', files, previous.runId, queries);
}

async function viewCandidates(
  context: StageContext,
  connection: DuckDBConnection,
  { candidates }: PreviousRun,
): Promise<void> {
  const files: string[] = [];
  for (const uri of candidates) files.push(await context.openStore(uri).localCopy(uri, context.scratch));
  await connection.run(
    `CREATE OR REPLACE VIEW candidates AS SELECT * FROM read_parquet([${files.map(sqlText).join(', ')}])`,
  );
}

/** Writes a table's documents by query. */
async function writeLists(
  connection: DuckDBConnection,
  output: UnitOutput,
  table: 'promoted' | 'previous',
  files: { readonly offsets: string; readonly documents: string },
  runId: string,
  queries: number,
): Promise<PlannedOfPrevious> {
  const offsets = new Int32Array(queries + 1);
  const documents: number[] = [];
  const sql = `SELECT query, document FROM ${table} ORDER BY query, document`;
  for await (const { columns } of streamColumns(connection, sql)) {
    const [query, document] = columns as unknown as [number[], number[]];
    for (const one of query) offsets[one + 1]!++;
    for (const one of document) documents.push(one);
  }
  for (let query = 0; query < queries; query++) offsets[query + 1]! += offsets[query]!;
  const found = Int32Array.from(documents);
  await output.writeNpy(files.offsets, offsets);
  await output.writeNpy(files.documents, found);
  const sha256 = createHash('sha256');
  for (const array of [offsets, found]) sha256.update(new Uint8Array(array.buffer));
  return { runId, rows: found.length, sha256: sha256.digest('hex') };
}
