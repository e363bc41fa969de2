import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job } from '@quarry/workflows';
import { type GivenMode, givenMode } from '@quarry/workflows/given-candidates';
import type { ShardSizing } from '@quarry/workflows/partition';
import { QuarryError } from '../failures.ts';
import type { Plan } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { UnitOutput } from '../stages/unit.ts';
import { readNumber } from '../tables/duckdb-columns.ts';
import { writeDuplicates } from './duplicate-rows.ts';
import { numberGiven, writeGiven } from './given-candidates.ts';
import { groupRanges } from './group-ranges.ts';
import { quarantineIdConflicts } from './id-conflicts.ts';
import { accountInputs } from './input-accounts.ts';
import type { Input } from './input-format.ts';
import { numberRows } from './number-rows.ts';
import { writePairArrays } from './pair-arrays.ts';
import { type PreviousRun, writeKept, writePromoted } from './previous-run.ts';
import { QUARANTINE_FILE, refuseBadInput, writeQuarantine } from './quarantine.ts';
import { Staging } from './staging.ts';
import { writeShards } from './write-shards.ts';

/** Facts about the input beside the plan, for checks against given vectors; a plan's `figures`. */
export interface PlanFigures {
  /** Data rows of the file of each side: rows that given vectors must have. */
  readonly sourceRows: { readonly queries: number; readonly documents: number };
  /** sha256 over which source row became which dense id. */
  readonly sourceOrder: string;
  /** Rows whose positive is a list of another length than one. */
  readonly listPositives: number;
  /** Rows with a list of queries of another length than one. */
  readonly listQueries: number;
  /** Documents that came from positives which the corpus lacks. */
  readonly addedDocuments: number;
  /** Judgements that are not positives. */
  readonly judged: number;
  /** Most documents that are one query itself: 0, 1 or 2. */
  readonly maxSelf: number;
}

/** Text unpacked from a `.gz` file, times its size, about. */
const UNPACKED = 5;

/**
 * Reads the whole input and writes everything that a plan consists of: `plan.json`, the Parquet files of the shards, the
 * arrays of `PLAN_FILES`, `duplicates-documents.npy` and `duplicates-queries.npy`, `quarantine.jsonl`.
 *
 * @throws QuarryError BadInput where too many rows are bad, or no pair is left
 */
export async function planInput(
  context: StageContext,
  output: UnitOutput,
  {
    job,
    input,
    sizing,
    previous = null,
  }: {
    job: Job['input'];
    input: Input;
    sizing: (side: ShardSizing['side']) => ShardSizing;
    previous?: PreviousRun | null;
  },
): Promise<{ rows: number; figures: PlanFigures }> {
  const { files } = input;
  const scratch = join(output.directory, 'staging.tmp');
  const bytes = Object.values(files)
    .flat()
    .reduce((sum, file) => sum + file.bytes * (file.uri.endsWith('.gz') ? UNPACKED : 1), 0);
  const staging = await Staging.open(scratch, context.threads, bytes);
  const { connection } = staging;
  const interrupt = (): void => connection.interrupt();
  context.signal.addEventListener('abort', interrupt, { once: true });
  try {
    await input.stage(context, staging, scratch);
    await staging.finishReading();
    staging.pairRows -= await quarantineIdConflicts(connection);
    await numberRows(connection, job, files);
    await numberGiven(connection, files);
    await refuseBadInput(staging, files, job.maxBadRows);
    const quarantined = await writeQuarantine(connection, files, await output.path(QUARANTINE_FILE));
    const { inputs, unminedQueries } = await accountInputs(staging, files, quarantined);

    const queries = await writeShards(context, staging, output, sizing('query'));
    if (queries.rows === 0) throw noPairs(files.pairs![0]!.uri, job.minRelevance, unminedQueries);
    const documents = await writeShards(context, staging, output, sizing('document'));
    const { sameIdSpace } = job;
    const pairs = await writePairArrays(connection, output, {
      documents: documents.rows,
      queries: queries.rows,
      sameIdSpace,
    });
    await writeDuplicates(connection, output);
    const promoted = previous && (await writePromoted(context, connection, output, previous, queries.rows));
    const kept = previous?.kept ? await writeKept(context, connection, output, previous, queries.rows) : null;
    const mode = givenMode(job, kept !== null);
    const given = mode && (await planGiven(connection, output, mode, { job, files, queries: queries.rows }));

    const plan: Plan = {
      documents: documents.rows,
      queries: queries.rows,
      pairs: pairs.pairs,
      maxPositives: pairs.maxPositives,
      documentShards: documents.shards,
      queryShards: queries.shards,
      fingerprints: {
        documents: documents.fingerprint,
        queries: queries.fingerprint,
        ...pairs.fingerprints,
      },
      inputs,
      quarantined: Object.values(quarantined).reduce((sum, rows) => sum + rows, 0),
      unminedQueries,
      unownedDocuments: pairs.unownedDocuments,
      ...(promoted && { promoted }),
      ...(kept && { previous: kept }),
      ...(given && { given }),
      ...(input.groups && { groups: await groupRanges(connection, input.groups, { documents, queries }) }),
      ...((documents.modality !== 'text' || queries.modality !== 'text') && {
        modality: { query: queries.modality, document: documents.modality },
      }),
    };
    await output.write('plan.json', new TextEncoder().encode(JSON.stringify(plan)));
    const figures: PlanFigures = {
      sourceRows: {
        queries: files.queries ? staging.fileRows.queries : staging.fileRows.pairs,
        documents:
          staging.documentSourceRows ??
          (files.documents ? staging.fileRows.documents : staging.fileRows.pairs),
      },
      sourceOrder: `${queries.sourceRows}:${documents.sourceRows}`,
      listPositives: staging.listPositives,
      listQueries: staging.listQueries,
      addedDocuments: await readNumber(connection, 'SELECT count(*) FROM documents WHERE "row" < 0'),
      judged: pairs.judged,
      maxSelf: pairs.maxSelf,
    };
    return { rows: plan.pairs, figures };
  } finally {
    context.signal.removeEventListener('abort', interrupt);
    staging.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function planGiven(
  connection: DuckDBConnection,
  output: UnitOutput,
  mode: GivenMode,
  { job, files, queries }: { job: Job['input']; files: Input['files']; queries: number },
): Promise<Plan['given'] | null> {
  const given = await writeGiven(connection, output, queries);
  if (given) return { ...given, mode };
  if (givenMode(job, false) === null) return null;
  throw new QuarryError(
    'BadInput',
    `${(files.candidates ?? files.pairs!)[0]!.uri} brings no candidate of any query that has a positive; expected at least one (input.candidates, input.columns.negative)`,
  );
}

function noPairs(uri: string, minRelevance: number, queries: number): QuarryError {
  return new QuarryError(
    'BadInput',
    `no pair is left of ${uri}: none of its ${queries} queries has a positive with a relevance of at least ${minRelevance} (input.minRelevance); expected at least one`,
  );
}
