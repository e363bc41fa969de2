import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { PLAN_FILES, type PlannedCandidates } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { UnitOutput } from '../stages/unit.ts';
import { sqlText } from '../tables/duckdb.ts';
import { readNumber, streamColumns } from '../tables/duckdb-columns.ts';
import { npyHeader } from '../tables/npy.ts';
import type { InputFile, InputFiles } from './input-file.ts';
import { type ForeignCandidate, readCandidates } from './read-candidates.ts';
import { stageRows } from './stage-rows.ts';
import type { Staging } from './staging.ts';

/** Where a candidate that the input brought came from; the place is the code that the plan stores. */
export const GIVEN_SOURCES = ['file', 'input', 'previous'] as const;

/** Stages every row of a file of candidates. */
export async function stageCandidates(
  context: StageContext,
  staging: Staging,
  file: InputFile,
  directory: string,
): Promise<void> {
  const rows = readCandidates(context, file, directory);
  await stageRows(context, staging, 'candidates', rows, (values, { line }) => {
    const { query, document, rank, score } = values as unknown as ForeignCandidate;
    staging.addGiven({ source: 'candidates', line, query, document, rank, score });
  });
}

/**
 * From staged candidates to the table `given` (query, document, rank, score, source), by dense ids, each once: of several
 * rows the file's comes before the input's, then the better rank. Rows of queries that are not mined are left out; rows
 * whose query or document is nowhere go to `bad_rows`.
 */
export async function numberGiven(connection: DuckDBConnection, files: InputFiles): Promise<void> {
  await connection.run(`
    CREATE TABLE resolved_given AS
      SELECT g.*, coalesce(qs.first, qi.first) AS query_first, coalesce(ds.document, di.document) AS document
      FROM given_rows g
        LEFT JOIN query_of_row qs ON qs.seq = g.query_seq
        LEFT JOIN query_of_id qi ON qi.id = g.query_id
        LEFT JOIN document_of_row ds ON ds.seq = g.document_seq
        LEFT JOIN document_of_id di ON di.id = g.document_id;
    INSERT INTO bad_rows
      SELECT source, 0, line, NULL,
        CASE WHEN query_first IS NULL
          THEN 'query "' || query_id || '" is not in ' || ${sqlText((files.queries ?? files.pairs!)[0]!.name)}
          ELSE 'document "' || document_id || '" is not in ' || ${sqlText((files.documents ?? files.pairs!)[0]!.name)} END
      FROM resolved_given WHERE query_first IS NULL OR document IS NULL ORDER BY seq;
    CREATE TABLE ranked_given AS
      SELECT query_first, document, source, seq, score, coalesce(rank, row_number() OVER (
        PARTITION BY query_first, source ORDER BY score DESC NULLS LAST, seq))::INTEGER AS rank
      FROM resolved_given WHERE query_first IS NOT NULL AND document IS NOT NULL;
    CREATE TABLE distinct_given AS
      SELECT query_first, document, best.source AS source, best.rank AS rank, best.score AS score
      FROM (SELECT query_first, document, min({source: source, rank: rank, seq: seq, score: score}) AS best
            FROM ranked_given GROUP BY query_first, document);
    CREATE TABLE given AS
      SELECT q.query, g.document, g.rank, g.score, CASE g.source WHEN 'candidates' THEN 0 ELSE 1 END AS source
      FROM distinct_given g JOIN queries q ON q.seq = g.query_first
      ORDER BY q.query, g.document;
  `);
}

/** Rows whose query and document are there, and those that stand for them: each (query, document) once. */
export async function countGiven(
  connection: DuckDBConnection,
  source: 'candidates' | 'negatives',
): Promise<{ readonly out: number; readonly kept: number }> {
  const where = `WHERE source = '${source}'`;
  return {
    out: await readNumber(connection, `SELECT count(*) FROM ranked_given ${where}`),
    kept: await readNumber(connection, `SELECT count(*) FROM distinct_given ${where}`),
  };
}

const COLUMNS = [
  [PLAN_FILES.givenDocument, '<i4'],
  [PLAN_FILES.givenRank, '<i4'],
  [PLAN_FILES.givenScore, '<f4'],
  [PLAN_FILES.givenSource, '|u1'],
] as const;

const SELECT_GIVEN =
  "SELECT query, document, rank, coalesce(score, 'NaN'::DOUBLE), source FROM given ORDER BY query, document";

/**
 * Writes the arrays of the table `given`, streaming; null where nothing was given. Memory: a chunk of rows, 4 bytes per
 * query.
 */
export async function writeGiven(
  connection: DuckDBConnection,
  output: UnitOutput,
  queries: number,
): Promise<PlannedCandidates | null> {
  const rows = await readNumber(connection, 'SELECT count(*) FROM given');
  const offsets = new Int32Array(queries + 1);
  const sha256 = createHash('sha256');
  const files: FileHandle[] = [];
  try {
    for (const [name, dtype] of COLUMNS) {
      const file = await open(await output.path(name), 'w');
      files.push(file);
      await file.write(npyHeader(dtype, [rows]));
    }
    for await (const { columns } of streamColumns(connection, SELECT_GIVEN)) {
      const [query, document, rank, score, source] = columns as unknown as number[][];
      for (const one of query!) offsets[one + 1]!++;
      sha256.update(bytesOf(Int32Array.from(query!)));
      const arrays = [
        Int32Array.from(document!),
        Int32Array.from(rank!),
        Float32Array.from(score!),
        Uint8Array.from(source!),
      ];
      for (const [i, array] of arrays.entries()) {
        sha256.update(bytesOf(array));
        await files[i]!.write(bytesOf(array));
      }
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
  let most = 0;
  for (let query = 0; query < queries; query++) {
    most = Math.max(most, offsets[query + 1]!);
    offsets[query + 1]! += offsets[query]!;
  }
  await output.writeNpy(PLAN_FILES.givenOffsets, offsets);
  return rows === 0 ? null : { rows, mostOfAQuery: most, sha256: sha256.digest('hex') };
}

function bytesOf(array: Int32Array | Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
