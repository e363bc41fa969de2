import type { Execution, Table } from '@quarry/workflows';
import type { ClusterFigures } from '../mining/cluster-rows.ts';
import type { MiningFigures } from '../mining/mining-tally.ts';
import type { Retrieval } from '../mining/report-figures.ts';
import type { TableRows } from '../stages/arrangement.ts';
import { jobHash } from '../stages/job-hash.ts';
import type { InputAccount, RunDocument } from '../stages/run-document.ts';
import { advice } from './advice.ts';
import { indexParameters } from './manifest.ts';
import type { PublishedFile, RecallFigures } from './run-figures.ts';

/** What `report.json` holds. Shares are 0 to 1, times seconds, sizes bytes. */
export interface Report {
  readonly runId: string;
  readonly job: { readonly name: string; readonly hash: string };
  readonly strategy: string;
  readonly index: {
    readonly engine: string;
    readonly why: string;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly parts: number;
    /** Recall against exact search, with its interval and sample. */
    readonly recall: RecallFigures;
  };
  readonly counts: {
    readonly documents: number;
    readonly queries: number;
    readonly pairs: number;
    readonly duplicates: number;
    readonly quarantined: number;
    readonly unminedQueries: number;
    readonly unownedDocuments: number;
  };
  readonly inputs: readonly InputAccount[];
  /** The first ten bad rows. */
  readonly quarantined: readonly unknown[];
  /** By group: how well the model retrieves the known positives. */
  readonly retrieval: Readonly<Record<string, Retrieval>>;
  readonly funnel: {
    readonly candidates: number;
    readonly kept: Share;
    readonly dropped: Readonly<Record<string, Share>>;
  };
  readonly negatives: {
    /** Kept per query, on average. */
    readonly mean: number;
    /** Asked for in an n-tuple. */
    readonly asked: number;
    /** Queries whose rows come out, with fewer than asked. */
    readonly queriesWithFewer: number;
  };
  /** Counts by score. */
  readonly scores: MiningFigures['scores'];
  /** null where the strategy makes none. */
  readonly clusters: ClusterReport | null;
  readonly tables: readonly {
    readonly table: Table;
    readonly rows: number;
    readonly files: number;
    readonly bytes: number;
  }[];
  /** How the files were read back before the manifest was put. */
  readonly verification: string;
  readonly execution: Execution;
  /** One line per figure that is bad, with what to do. */
  readonly advice: readonly string[];
}

export interface ClusterReport extends ClusterFigures {
  /** Share of the kept candidates that have no owner. */
  readonly unownedShare: number;
}

export interface Share {
  readonly count: number;
  readonly share: number;
}

/** What the report is made of. */
export interface Found {
  readonly mining: MiningFigures;
  readonly clusters: ClusterReport | null;
  readonly retrieval: Readonly<Record<string, Retrieval>>;
  readonly recall: RecallFigures;
  readonly quarantined: readonly unknown[];
  readonly execution: Execution;
  readonly tables: readonly TableRows[];
  readonly files: readonly PublishedFile[];
}

export function buildReport(run: RunDocument, found: Found): Report {
  const { job, plan, search } = run;
  const { mining, files } = found;
  const { funnel, queriesWithFewer, scores } = mining;
  const rowsIn = plan.inputs.reduce((sum, input) => sum + input.rows, 0);
  const share = (count: number): Share => ({
    count,
    share: funnel.candidates === 0 ? 0 : count / funnel.candidates,
  });
  return {
    runId: run.runId,
    job: { name: job.name, hash: jobHash(job) },
    strategy: job.mining.strategy,
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
    inputs: plan.inputs,
    quarantined: found.quarantined,
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
    },
    scores,
    clusters: found.clusters,
    tables: found.tables.map(({ table, rows, parts }) => ({
      table,
      rows,
      files: parts,
      bytes: files.filter((file) => file.table === table).reduce((sum, { bytes }) => sum + bytes, 0),
    })),
    verification: verification(files),
    execution: found.execution,
    advice: advice(
      {
        mining,
        retrieval: found.retrieval,
        recallAtK: found.recall.recallAtK,
        quarantined: rowsIn === 0 ? 0 : plan.quarantined / rowsIn,
      },
      run,
    ),
  };
}

function verification(files: readonly PublishedFile[]): string {
  const footers = `parquetjs-lite read ${files.length} files back by ranged reads: footer, rows, columns`;
  const byDuckDb = files.filter(({ readBackBy }) => readBackBy === 'duckdb').length;
  const edges = 'the first and last row of every row group';
  if (byDuckDb === 0) return `${footers} and ${edges}`;
  return `${footers}; it cannot decompress zstd, so DuckDB decoded ${edges} of ${byDuckDb} files`;
}
