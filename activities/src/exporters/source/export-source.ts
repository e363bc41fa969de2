import type { DuckDBConnection } from '@duckdb/node-api';
import type { Side, Table } from '@quarry/workflows';
import type { PlannedFile } from './cached-contents.ts';
import type { ClusterPair, Content, Example } from './example.ts';

/** A committed run, checked against its manifest and opened. */
export interface ExportSource extends Examples {
  readonly runId: string;
  /** N of the run's n-tuples; undefined where nothing of the run says. */
  readonly numNegatives: number | undefined;
  /** Its views are the tables in `files`, by name. */
  readonly connection: DuckDBConnection;
  /** Of the same database, for what runs while rows are visited. */
  readonly beside: DuckDBConnection;
  /** Published files of the tables that the format needs. */
  readonly files: ReadonlyMap<Table, readonly SourceFile[]>;
  /** Absolute local directory for what does not stay. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** What the rows of an export are made of. */
export interface Examples {
  /** What was mined on its own; one where the run knows no groups. */
  readonly groups: readonly string[];
  /** There are images among the contents. */
  readonly hasImages: boolean;
  /** Visits every query that keeps a negative, of one group or of all, in the order of the data set. */
  examples(visit: (example: Example) => void, group?: string): Promise<VisitedQueries>;
  /** Visits every cluster, of one group or of all, in the order in which they were made, the anchor first. */
  clusters(visit: (pairs: readonly ClusterPair[]) => void, group?: string): Promise<void>;
  /** Visits all queries, or the whole corpus, in the order of the plan. */
  contents(side: Side, visit: (content: Content) => void): Promise<void>;
  /** Where all queries, or the whole corpus, lie as Parquet. */
  planned(side: Side): { readonly files: readonly PlannedFile[]; readonly rows: number };
  /** Visits every judged positive in the order of the queries. */
  judgements(visit: (query: Content, document: Content, relevance: number) => void): Promise<void>;
  /** Writes the files of the images that were visited; `path` gives where a name goes. */
  writeImages(path: (name: string) => Promise<string>): Promise<number>;
  close(): void;
}

export interface VisitedQueries {
  /** Queries that keep no negative; null where that is not known (the run has no table candidates and no cache). */
  readonly without: number | null;
}

/** One published file with its content as the manifest says. */
export interface SourceFile {
  /** Relative to the run's directory. */
  readonly path: string;
  readonly rows: number;
  /** Absolute local path. */
  readonly local: string;
}
