import type { Table } from '@quarry/workflows';
import type { ExportOptions, OptionName } from './export-options.ts';
import type { ExportSource } from './source/export-source.ts';
import type { ExportTarget } from './target/export-target.ts';
import type { Config } from './target/readme.ts';

/** One trainer's format. */
export interface Exporter {
  /** As `--format` names it. */
  readonly name: string;
  /** One line for a person who chooses. */
  readonly description: string;
  /** What `--shape` may be, the default first; empty where there is one shape only. */
  readonly shapes: readonly string[];
  /** The other options that it takes; with `images` its rows may name images. */
  readonly options: readonly OptionName[];
  /** The only shapes whose rows may name images, where not all of them may. */
  readonly imageShapes?: readonly string[];
  /** The published tables may hold images, where it copies them. */
  readonly imageTables?: boolean;
  /** How the format was proved, one line. */
  readonly proof: string;
  /** What the format is made from. */
  needs(options: ExportOptions): Needs;
  /** Its configurations, where `datasets` cannot find them by itself. */
  configs?(options: ExportOptions, written: Written): readonly Config[];
  /** How to load what was written: lines of Python or of a shell, for the export's README. */
  usage(options: ExportOptions): readonly string[];
  /** Writes the files. Memory: that of the source, a megabyte per open file, one query's or one cluster's rows. */
  write(source: ExportSource, target: ExportTarget, options: ExportOptions): Promise<void>;
}

/** What configurations depend on, beside the options. */
export interface Written {
  /** The export's tag, see {@link Config}. */
  readonly tag: string;
  /** Of the run. */
  readonly groups: readonly string[];
}

export interface Needs {
  /** Published tables whose files are copied. */
  readonly tables?: readonly Table[];
  /** Queries with positives and negatives: texts (from the cache, else from the table triplet), or ids (from the cache). */
  readonly examples?: 'texts' | 'ids' | 'texts and ids';
  /** Clusters: from the cache, else from the table. */
  readonly clusters?: boolean;
  /** Similarities of positives and negatives: from the cache. */
  readonly scores?: boolean;
  /** All queries, documents and judgements, from the cache: one by one, or as whole tables of Parquet. */
  readonly corpus?: 'rows' | 'tables';
  /** Rows are written as Parquet, not as JSON or text. */
  readonly parquet?: boolean;
}
