import type { DuckDBConnection } from '@duckdb/node-api';
import type { Table } from '@quarry/workflows';
import type { ExportTarget } from './export-target.ts';

/** One trainer's format. */
export interface Exporter {
  /** As `--format` names it. */
  readonly name: string;
  /** One line for a person who chooses. */
  readonly description: string;
  /** What `--shape` may be, the default first; empty where there is one shape only. */
  readonly shapes: readonly string[];
  /** What the format is made from. */
  needs(shape: string): Needs;
  /** Writes the files. Memory: DuckDB's limit, one chunk of rows and one query's or one cluster's rows. */
  write(source: ExportSource, target: ExportTarget, shape: string): Promise<void>;
}

export interface Needs {
  readonly tables: readonly Table[];
  /** Ids of positives, and texts by id, lie in the plan, which the cache holds. */
  readonly plan: boolean;
}

/** A committed run, checked against its manifest and opened. */
export interface ExportSource {
  readonly runId: string;
  /**
   * Its views are the tables in `files`, by name; with a plan also `documents` (document, id, text), `queries` (query, id,
   * text) and `pairs` (query, document,
   * place, relevance). One thread: rows stream in the order in which they are stored.
   */
  readonly connection: DuckDBConnection;
  /** Published files of the tables that the format needs. */
  readonly files: ReadonlyMap<Table, readonly SourceFile[]>;
  /** Absolute local directory for what does not stay. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** One published file with its content as the manifest says. */
export interface SourceFile {
  /** Relative to the run's directory. */
  readonly path: string;
  readonly rows: number;
  /** Absolute local path. */
  readonly local: string;
}
