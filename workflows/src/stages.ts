import type { Feature } from './chain.ts';
import type { GivenMode } from './given-candidates.ts';
import type { Job } from './job.ts';
import type { JudgeName } from './judges.ts';
import type { Funnel, Ref, Side, Table } from './terms.ts';

/**
 * The contract between the workflow (what, in which order) and the activities (how).
 *
 * Every unit of work is a pure function of what its `run` names and of its own numbers, and is memoised: its output
 * lies at `<cache>/<stage>/<key>/`. So stages exchange references, never data, and a payload stays below 2 kB.
 */
export interface Stages {
  /** Checks the job, normalises the input, sizes the units, names the run. */
  plan(input: { readonly job: Job }): Promise<Planned>;
  /** Vectors of one shard. */
  embed(unit: RunRef & { readonly side: Side; readonly shard: number }): Promise<UnitResult>;
  /** The index of one part of the corpus. */
  index(unit: RunRef & { readonly part: number }): Promise<UnitResult>;
  /** One query shard against one part: its best candidates there, re-scored exactly. */
  search(unit: RunRef & { readonly shard: number; readonly part: number }): Promise<UnitResult>;
  /** Scores of the candidates that the input brings, of one query shard against one part. */
  scoreGiven(unit: RunRef & { readonly shard: number; readonly part: number }): Promise<UnitResult>;
  /** All parts' candidates of one query shard, ordered by (score descending, document ascending). */
  merge(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** The candidates of one query shard in the order of a cross-encoder's scores. */
  rescore(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** Recall@k of the index against exact search, on a seeded sample of queries. */
  measureRecall(unit: RunRef): Promise<UnitResult>;
  /** Similarity of each candidate's owners to the query. */
  scoreOwners(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** The metric in which pairs are compared, fitted to known pairs. */
  metric(unit: RunRef): Promise<UnitResult>;
  /** What the pairs of one shard look like under the metric. */
  pairVectors(unit: RunRef & { readonly side: Side; readonly shard: number }): Promise<UnitResult>;
  /** How alike each candidate's pair and the anchor's are. */
  comparePairs(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** How alike each candidate is to the query's positives, or to the candidates before it. */
  compareDocuments(
    unit: RunRef & { readonly shard: number; readonly against: ComparedWith },
  ): Promise<UnitResult>;
  /** How near everything comes to each document and query, from the lists that retrieval has. */
  hubness(unit: RunRef & { readonly of: ListScore }): Promise<UnitResult>;
  /** What each value of an open threshold would leave in one query shard. */
  survey(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** The threshold, from all surveys. */
  calibrate(unit: RunRef): Promise<UnitResult>;
  /** A cross-encoder's log-odds for what the filters before it left undecided, of one query shard. */
  crossEncode(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** A generator's log-odds of yes against no, likewise. */
  judge(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** A verdict and a reason for every candidate of one query shard. */
  filter(unit: RunRef & { readonly shard: number }): Promise<UnitResult>;
  /** SaHa's sequential claim over ids and scores of one group (default: the only one). */
  cluster(unit: RunRef & { readonly group?: number }): Promise<UnitResult>;
  /** Rows and parts of every table that will be written: depends on rows only. */
  arrange(unit: RunRef): Promise<readonly TableParts[]>;
  /** One Parquet file of one table, in a total order. */
  write(unit: RunRef & { readonly table: Table; readonly part: number }): Promise<UnitResult>;
  /** `report.json`, the data set card and `job.json`. */
  report(
    input: RunRef & { readonly execution: Execution },
  ): Promise<{ readonly report: Ref; readonly funnel: Funnel }>;
  /** Reads everything back and puts `_manifest.json`, last and conditionally. */
  commit(input: RunRef): Promise<{ readonly manifest: Ref }>;
}

export type StageName = keyof Stages;

/** Which score of the candidates is looked at: that of retrieval, or the likeness of pairs. */
export type ListScore = 'score' | 'pair';

/** What a candidate's document is compared with: the query's positives, or its other candidates. */
export type ComparedWith = 'positives' | 'candidates';

/** Where a run is described: `<cache>/run/<run>/run.json` (see activities' `RunDocument`). */
export interface RunRef {
  /** URI of the cache, without a trailing slash. */
  readonly cache: string;
  /** Hash of the run document. */
  readonly run: string;
}

/** What the plan decided: which run this is and how many units each stage has. */
export interface Planned extends RunRef {
  readonly runId: string;
  /** URI of the run's directory, `<output>/runs/<run id>`. */
  readonly output: string;
  /** The same run lies committed there already. */
  readonly manifest: Ref | null;
  readonly funnel: Funnel | null;
  readonly strategy: Job['mining']['strategy'];
  /** What the filters look at beside scores; older plans name none. */
  readonly features?: readonly Feature[];
  /** Filters that ask a model, in their order; older plans name none. */
  readonly judges?: readonly JudgeName[];
  /** Whether candidates that the input brings replace the search or join it; absent where it brings none. */
  readonly given?: GivenMode;
  /** A cross-encoder scores the candidates anew. */
  readonly rescores?: boolean;
  /** A threshold of the chain is open. */
  readonly calibrates?: boolean;
  readonly documents: number;
  readonly queries: number;
  readonly pairs: number;
  readonly quarantined: number;
  readonly documentShards: number;
  readonly queryShards: number;
  readonly parts: number;
  /** 0 where the engine needs no index (`exact`). */
  readonly indexParts: number;
  readonly planned: UnitResult;
  /** How shards and parts belong to groups, where there are several; they follow each other group by group. */
  readonly groups?: readonly GroupUnits[];
}

/** A group is mined on its own: its query shards are searched in its parts alone. */
export interface GroupUnits {
  readonly queryShards: number;
  readonly parts: number;
}

/** What one unit did. */
export interface UnitResult {
  readonly output: Ref;
  /** The output lay in the cache. */
  readonly reused: boolean;
  /** When the unit started and ended, ms since the epoch; equal where nothing was computed. */
  readonly started: number;
  readonly ended: number;
}

export interface TableParts {
  readonly table: Table;
  readonly rows: number;
  readonly parts: number;
}

/** What a stage cost: units = computed + reused. */
export interface StageFigures {
  readonly units: number;
  readonly computed: number;
  readonly reused: number;
  /** Rows that the units put out. */
  readonly rows: number;
  /** Sum over the units of their computing time. */
  readonly seconds: number;
}

/** Everything that may differ between two equal runs; never in the manifest. */
export interface Execution {
  readonly startedAt: string;
  readonly stages: Readonly<Record<string, StageFigures>>;
  /** Length of the union of the intervals in which at least one stage computed. */
  readonly busySeconds: number;
}

/** The result of the workflow `mineHardNegatives`: stable, other teams' workflows read it. */
export interface MiningResult {
  readonly runId: string;
  /** URI of the run's directory. */
  readonly output: string;
  /** URI of `_manifest.json`. */
  readonly manifest: string;
  /** The same run lay committed there before. */
  readonly alreadyCommitted: boolean;
  readonly funnel: Funnel;
  readonly stages: Readonly<Record<string, StageFigures>>;
  readonly busySeconds: number;
}
