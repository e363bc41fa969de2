import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { SELECT_PROMOTED } from '../evaluation/promoted.ts';
import { QuarryError } from '../failures.ts';
import { PLAN_FILES, type PlannedPromotions } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { UnitOutput } from '../stages/unit.ts';
import { sqlText } from '../tables/duckdb.ts';
import { streamColumns } from '../tables/duckdb-columns.ts';

/** A committed run of an earlier round. */
export interface PreviousRun {
  readonly runId: string;
  /** sha256 of its manifest, which holds the hashes of its files. */
  readonly sha256: string;
  /** URIs of the files of its table `candidates`. */
  readonly candidates: readonly string[];
}

/** @throws QuarryError BadJob where there is no committed run, or one without `candidates` */
export async function openPreviousRun(context: StageContext, uri: string): Promise<PreviousRun> {
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
  };
}

/**
 * Writes what the previous round promoted, by dense ids; ids that are no longer there are passed over. Memory: DuckDB's
 * limit, 4 bytes per query and promotion.
 */
export async function writePromoted(
  context: StageContext,
  connection: DuckDBConnection,
  output: UnitOutput,
  { runId, candidates }: PreviousRun,
  queries: number,
): Promise<PlannedPromotions> {
  const files: string[] = [];
  for (const uri of candidates) files.push(await context.openStore(uri).localCopy(uri, context.scratch));
  await connection.run(`
    CREATE VIEW candidates AS SELECT * FROM read_parquet([${files.map(sqlText).join(', ')}]);
    CREATE TABLE promoted AS
      SELECT DISTINCT q.query, d.document
      FROM (${SELECT_PROMOTED}) p
        JOIN query_of_id i ON i.id = p.query_id JOIN queries q ON q.seq = i.first
        JOIN document_of_id d ON d.id = p.document_id`);
  const offsets = new Int32Array(queries + 1);
  const documents: number[] = [];
  const sql = 'SELECT query, document FROM promoted ORDER BY query, document';
  for await (const { columns } of streamColumns(connection, sql)) {
    const [query, document] = columns as unknown as [number[], number[]];
    for (const one of query) offsets[one + 1]!++;
    for (const one of document) documents.push(one);
  }
  for (let query = 0; query < queries; query++) offsets[query + 1]! += offsets[query]!;
  const found = Int32Array.from(documents);
  await output.writeNpy(PLAN_FILES.promotedOffsets, offsets);
  await output.writeNpy(PLAN_FILES.promotedDocument, found);
  const sha256 = createHash('sha256');
  for (const array of [offsets, found]) sha256.update(new Uint8Array(array.buffer));
  return { runId, rows: found.length, sha256: sha256.digest('hex') };
}
