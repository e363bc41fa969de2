import type { Execution, Table } from '@quarry/workflows';
import { chainOf, closedChain, featuresOf } from '@quarry/workflows/chain';
import type { ClusterFigures } from '../mining/cluster-rows.ts';
import type { MiningFigures } from '../mining/mining-tally.ts';
import type { Retrieval } from '../mining/report-figures.ts';
import type { TableRows } from '../stages/arrangement.ts';
import { jobHash } from '../stages/job-hash.ts';
import type { RunDocument } from '../stages/run-document.ts';
import { advice } from './advice.ts';
import type { Examples } from './examples.ts';
import { type FoundThreshold, falseNegativesOf } from './false-negatives.ts';
import type { GroupFigures } from './group-figures.ts';
import { indexParameters } from './manifest.ts';
import type { Report } from './report-schema.ts';
import type { PublishedFile, RecallFigures } from './run-figures.ts';

export interface ClusterReport extends ClusterFigures {
  /** Share of the kept candidates that have no owner. */
  readonly unownedShare: number;
}

/** What the report is made of. */
export interface Found {
  readonly mining: MiningFigures;
  readonly clusters: ClusterReport | null;
  readonly groups: readonly GroupFigures[] | null;
  readonly retrieval: Readonly<Record<string, Retrieval>>;
  readonly recall: RecallFigures;
  readonly quarantined: readonly unknown[];
  readonly execution: Execution;
  readonly tables: readonly TableRows[];
  readonly files: readonly PublishedFile[];
  readonly examples: Examples;
  readonly calibration: FoundThreshold | null;
}

export function buildReport(run: RunDocument, found: Found): Report {
  const { job, plan, search } = run;
  const { mining, files } = found;
  const { funnel, queriesWithFewer, scores } = mining;
  const rowsIn = plan.inputs.reduce((sum, input) => sum + input.rows, 0);
  const share = (count: number): { count: number; share: number } => ({
    count,
    share: funnel.candidates === 0 ? 0 : count / funnel.candidates,
  });
  return {
    runId: run.runId,
    job: { name: job.name, hash: jobHash(job) },
    strategy: job.mining.strategy,
    asked: askedOf(run, found.calibration),
    index: {
      engine: search.engine,
      why: search.why,
      parameters: indexParameters(run),
      parts: search.parts.length,
      recall: found.recall,
    },
    counts: {
      documents: plan.documents,
      queries: plan.queries,
      pairs: plan.pairs,
      duplicates: plan.inputs.reduce((sum, input) => sum + input.duplicates, 0),
      quarantined: plan.quarantined,
      unminedQueries: plan.unminedQueries,
      unownedDocuments: plan.unownedDocuments,
    },
    groups: found.groups?.map((group) => ({ ...group })) ?? null,
    inputs: [...plan.inputs],
    quarantined: [...found.quarantined],
    retrieval: found.retrieval,
    funnel: {
      candidates: funnel.candidates,
      kept: share(funnel.kept),
      dropped: Object.fromEntries(
        Object.entries(funnel.dropped).map(([reason, count]) => [reason, share(count)]),
      ),
    },
    negatives: {
      mean: plan.queries === 0 ? 0 : funnel.kept / plan.queries,
      asked: job.mining.numNegatives,
      queriesWithFewer,
      perQuery: mining.keptPerQuery,
      ranks: mining.keptRanks,
      ownerScores: looksAtOwners(run) ? mining.ownerScores : null,
    },
    scores,
    clusters: clustersOf(found.clusters, job.mining.topK),
    tables: found.tables.map(({ table, rows, parts }) => ({
      table,
      rows,
      files: parts,
      bytes: bytesOf(files, table, 'bytes'),
      uncompressedBytes: bytesOf(files, table, 'uncompressedBytes'),
    })),
    verification: verification(files),
    execution: executionOf(found.execution),
    calibration: calibrationOf(found.calibration),
    falseNegatives: falseNegativesOf(run, found.calibration),
    suspects: found.examples.suspects,
    examples: found.examples.examples,
    advice: advice(
      {
        mining,
        clusters: found.clusters,
        retrieval: found.retrieval,
        recallAtK: found.recall.recallAtK,
        quarantined: rowsIn === 0 ? 0 : plan.quarantined / rowsIn,
        calibration: found.calibration,
      },
      run,
    ),
  };
}

function looksAtOwners({ job, plan }: RunDocument): boolean {
  return job.mining.strategy === 'saha' || featuresOf(chainOf(job.mining, plan)).includes('owners');
}

function askedOf(
  { job, plan, model, search, versions }: RunDocument,
  calibration: FoundThreshold | null,
): Report['asked'] {
  const chain = chainOf(job.mining, plan);
  const filters = calibration ? closedChain(chain, calibration.above) : chain;
  const { kind, path, sha256, dimension, maxLength, oneRowAtATime, preprocessing } = model;
  return {
    input: { format: job.input.format, path: job.input.path },
    model: { kind, path, sha256, dimension, maxLength, oneRowAtATime, preprocessing },
    mining: { ...job.mining },
    filters: filters.map((rule) => ({ ...rule })),
    candidates: search.k,
    seed: job.seed,
    versions,
  };
}

function clustersOf(found: ClusterReport | null, topK: number): Report['clusters'] {
  if (!found) return null;
  const count = found.sizeHistogram[topK + 1] ?? 0;
  const full = { count, share: found.clusters === 0 ? 0 : count / found.clusters };
  return { ...found, phases: [...found.phases], asked: topK + 1, full };
}

function calibrationOf(found: FoundThreshold | null): Report['calibration'] {
  return found && { filter: found.filter, above: found.above, met: found.met, why: found.why };
}

/** With the rows that a second of computing put out; null where nothing was computed. */
function executionOf({ startedAt, stages, busySeconds }: Execution): Report['execution'] {
  const rated = Object.entries(stages).map(([name, stage]) => {
    const { rows, units, computed, seconds } = stage;
    const rowsPerSecond =
      computed > 0 && rows > 0 && seconds > 0 ? (rows * computed) / units / seconds : null;
    return [name, { ...stage, rowsPerSecond }] as const;
  });
  return { startedAt, stages: Object.fromEntries(rated), busySeconds };
}

function bytesOf(files: readonly PublishedFile[], table: Table, size: 'bytes' | 'uncompressedBytes'): number {
  return files.filter((file) => file.table === table).reduce((sum, file) => sum + file[size], 0);
}

function verification(files: readonly PublishedFile[]): string {
  const footers = `parquetjs-lite read ${files.length} files back by ranged reads: footer, rows, columns`;
  const byDuckDb = files.filter(({ readBackBy }) => readBackBy === 'duckdb').length;
  const edges = 'the first and last row of every row group';
  if (byDuckDb === 0) return `${footers} and ${edges}`;
  return `${footers}; it cannot decompress zstd, so DuckDB decoded ${edges} of ${byDuckDb} files`;
}
