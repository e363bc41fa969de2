import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job, Table } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { wilsonInterval } from '../mining/wilson-interval.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { readNumber } from '../tables/duckdb-columns.ts';
import { judgements } from './judged-negatives.ts';
import { negativesOf } from './negatives.ts';
import { type CommittedRun, openTables } from './open-tables.ts';
import { readTruth, type Truth } from './read-truth.ts';

/** Negatives that a truth could be asked about, and what it said. */
export interface Counted {
  readonly negatives: number;
  /** Those of which the truth says anything. */
  readonly judged: number;
  readonly falseNegatives: number;
  /** falseNegatives / judged with its Wilson interval of 95 %; null where nothing was judged. */
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Mean score of the negatives whose score is known; null where none is. */
  readonly meanHardness: number | null;
}

/** The negatives of one table of one run against a truth. */
export interface Evaluation extends Counted {
  readonly run: string;
  readonly table: Table;
  readonly strategy: Job['mining']['strategy'];
  /** Mean over the queries of mean negative score / max(.1, mean positive score); null where the cache is gone. */
  readonly ratio: number | null;
  /**
   * Mean negative score of a query / mean score of its 10 hardest true negatives, both averaged over the queries that
   * have 10; null where none has. 1: as hard as the truth allows.
   */
  readonly attainable: number | null;
  /** Share of the queries with as many negatives as the job asks for; of the clusters with topK members. */
  readonly filled: number;
  /** Share of the queries with at least one negative. */
  readonly reached: number;
  readonly bands: readonly (Counted & { readonly band: string })[];
}

export interface EvaluatedRun {
  readonly evaluations: readonly Evaluation[];
  readonly truth: Truth;
  /** What could not be said, and why. */
  readonly notes: readonly string[];
}

/** First and last rank of each band. */
const BANDS = [
  [1, 10],
  [11, 30],
  [31, 100],
  [101, 300],
  [301, null],
] as const;

/**
 * Compares the negatives of a committed run with a truth; reads the run's files, and its cache where it is there.
 *
 * Memory: DuckDB's limit (400 MB); what does not fit is sorted and joined on disk.
 *
 * @throws QuarryError BadInput where the truth cannot be read or matches nothing, BadJob where the run has no candidates
 */
export async function evaluateRun(
  context: StageContext,
  run: CommittedRun,
  truthUri: string,
  minRelevance: number,
): Promise<EvaluatedRun> {
  const database = await openDuckDb({ directory: join(context.scratch, `duckdb-${run.runId}`) });
  const { connection } = database;
  const interrupt = (): void => connection.interrupt();
  context.signal.addEventListener('abort', interrupt, { once: true });
  try {
    const open = await openTables(context, connection, run);
    const truth = await readTruth(context, connection, truthUri, minRelevance);
    const judged = await judgements(connection, run, open, truth);
    const queries = await readNumber(connection, 'SELECT count(DISTINCT query_id) FROM candidates');
    const evaluations: Evaluation[] = [];
    const notes = [...judged.notes];
    if (!open.positives) notes.push(`no ratio: ${run.cache} no longer holds the scores of the positives`);
    for (const { table, negatives, filled, note } of negativesOf(open)) {
      if (note) notes.push(note);
      if (negatives === null) continue;
      await connection.run(`CREATE OR REPLACE TEMP VIEW negatives AS ${negatives}`);
      await connection.run(`CREATE OR REPLACE TEMP TABLE judged_negatives AS ${judged.select}`);
      evaluations.push({
        run: run.runId,
        table,
        strategy: open.job.mining.strategy,
        ...(await count(connection, 'true')),
        ratio: open.positives ? await mean(connection, RATIO) : null,
        attainable: await mean(connection, ATTAINABLE),
        filled: (await mean(connection, filled(queries))) ?? 0,
        reached:
          (await readNumber(connection, 'SELECT count(DISTINCT query_id) FROM judged_negatives')) / queries,
        bands: await bandsOf(connection),
      });
    }
    if (evaluations.every(({ judged }) => judged === 0)) throw await nothingMatches(connection, run, truth);
    return { evaluations, truth, notes };
  } finally {
    context.signal.removeEventListener('abort', interrupt);
    database.close();
  }
}

async function bandsOf(connection: DuckDBConnection): Promise<Evaluation['bands']> {
  const bands: (Counted & { band: string })[] = [];
  for (const [first, last] of BANDS) {
    const counted = await count(connection, `rank >= ${first}${last === null ? '' : ` AND rank <= ${last}`}`);
    if (counted.negatives > 0) bands.push({ band: `${first}-${last ?? ''}`, ...counted });
  }
  return bands;
}

async function count(connection: DuckDBConnection, where: string): Promise<Counted> {
  const found = await connection.runAndReadAll(`
    SELECT count(*), count(relevant), count(*) FILTER (relevant), avg(score) FROM judged_negatives WHERE ${where}`);
  const [negatives, judged, falseNegatives] = [0, 1, 2].map((column) => Number(found.value(column, 0)));
  const interval = wilsonInterval(falseNegatives!, judged!);
  const score = found.value(3, 0);
  return {
    negatives: negatives!,
    judged: judged!,
    falseNegatives: falseNegatives!,
    rate: interval?.rate ?? null,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    meanHardness: score === null ? null : Number(score),
  };
}

const RATIO = `
  WITH by_query AS (SELECT query_id, avg(score) AS score FROM judged_negatives GROUP BY query_id)
  SELECT avg(n.score / greatest(0.1, p.score)) FROM by_query n JOIN positives p USING (query_id)`;

const ATTAINABLE = `
  WITH hardest AS (
    SELECT query_id, avg(score) AS score FROM (
      SELECT query_id, score, row_number() OVER (PARTITION BY query_id ORDER BY score DESC, document_id) AS place
      FROM judged_candidates WHERE relevant IS NOT TRUE
    ) WHERE place <= 10 GROUP BY query_id HAVING count(*) = 10
  ), by_query AS (SELECT query_id, avg(score) AS score FROM judged_negatives GROUP BY query_id)
  SELECT avg(n.score) / avg(h.score) FROM by_query n JOIN hardest h USING (query_id)`;

async function mean(connection: DuckDBConnection, sql: string): Promise<number | null> {
  const value = (await connection.runAndReadAll(sql)).value(0, 0);
  return value === null ? null : Number(value);
}

/** Names some ids of both sides, so that the difference can be seen. */
async function nothingMatches(
  connection: DuckDBConnection,
  run: CommittedRun,
  truth: Truth,
): Promise<QuarryError> {
  const examples = async (sql: string): Promise<string> => {
    const rows = (await connection.runAndReadAll(sql)).getRows();
    return rows.map(([value]) => JSON.stringify(String(value).slice(0, 60))).join(', ');
  };
  const some = (column: string, table: string): Promise<string> =>
    examples(`SELECT DISTINCT ${column} FROM ${table} ORDER BY 1 LIMIT 3`);
  const lines = [`${truth.uri} says nothing about any negative of ${run.runId}: its ids are not the run's`];
  if (truth.kind === 'labels') {
    const side = truth.by === 'id' ? 'id' : 'text';
    lines.push(`  the truth labels the ${side}s   ${await some('key', 'truth')}`);
    if (side === 'text') {
      lines.push(`  the run has the queries   ${await some('text', 'queries')}`);
      lines.push(`  and the documents         ${await some('text', 'documents')}`);
      return new QuarryError('BadInput', lines.join('\n'));
    }
  } else {
    lines.push(`  the truth has the queries    ${await some('query_id', 'truth')}`);
    lines.push(`  and the documents            ${await some('document_id', 'truth')}`);
  }
  lines.push(`  the run has the query ids    ${await some('query_id', 'candidates')}`);
  lines.push(`  and the document ids         ${await some('document_id', 'candidates')}`);
  return new QuarryError('BadInput', lines.join('\n'));
}
