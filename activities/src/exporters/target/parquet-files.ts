import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sqlText } from '../../tables/duckdb.ts';
import { rowGroupRows } from '../../tables/write-parquet.ts';
import type { ExportSource } from '../source/export-source.ts';
import type { ExportTarget } from './export-target.ts';
import type { Json } from './json-file.ts';
import type { PlainType } from './plain-column.ts';
import { PlainParquet } from './plain-parquet.ts';

/** Strings of one file at most, so that its size stays handy. */
const STRINGS_PER_FILE = 1_000_000;

/** Where the files of one data set go. */
export interface ParquetPlace {
  /** Directory below the target, `''` for the target itself. */
  readonly directory: string;
  readonly split: string;
  /** Names the file after what it holds, `<split>-00000-of-0000N-<tag>.parquet`: for configurations in a README. */
  readonly tag?: string;
}

export interface ParquetRows extends ParquetPlace {
  /** DuckDB's types, by column. */
  readonly columns: Readonly<Record<string, PlainType | `${PlainType}[]`>>;
}

/** A row's values in the order of the columns; `strings` is how much of a file it takes. */
type Write = (row: readonly Json[], strings: number) => void;

/**
 * Writes `<split>-00000-of-0000N.parquet`. Rows go through local files of plain Parquet, which DuckDB then compresses and
 * gives statistics, each while the next is filled: so strings are copied as bytes all the way. Memory: DuckDB's limit, and one
 * row group of `PlainParquet`.
 */
export async function writeParquetRows(
  source: ExportSource,
  target: ExportTarget,
  { columns, ...place }: ParquetRows,
  fill: (write: Write) => Promise<void>,
): Promise<void> {
  const written: { readonly path: string; readonly rows: number }[] = [];
  let compressed = Promise.resolve();
  const parts = new PlainParts(join(source.scratch, `rows-${place.split}-`), columns, (part, number) => {
    compressed = compressed.then(async () => {
      const path = await target.path(join(place.directory, `part-${number}`));
      await compress(source, part, path);
      written.push({ path, rows: part.rows });
    });
    // What fails is told below, when the rows are through.
    compressed.catch(() => undefined);
  });
  try {
    await target.during(parts, () => fill((row, strings) => parts.write(row, strings)));
  } finally {
    await Promise.allSettled([compressed]);
  }
  await compressed;
  for (const [part, { path, rows }] of written.entries()) {
    const name = join(place.directory, partName(place, part, written.length));
    await rename(path, await target.path(name));
    target.count(name, rows);
  }
}

async function compress({ beside, signal }: ExportSource, part: PlainPart, to: string): Promise<void> {
  signal.throwIfAborted();
  await beside.run(
    `COPY (SELECT * FROM read_parquet(${sqlText(part.path)}))
     TO ${sqlText(to)} (
       FORMAT parquet, PARQUET_VERSION V1, COMPRESSION snappy, ROW_GROUP_SIZE ${rowGroupRows(part.bytes / Math.max(1, part.rows))})`,
  );
  await rm(part.path);
}

/** `<split>-00000-of-0000N.parquet`, with the tag where there is one. */
export function partName({ split, tag }: ParquetPlace, part: number, parts: number): string {
  return `${split}-${five(part)}-of-${five(parts)}${tag ? `-${tag}` : ''}.parquet`;
}

interface PlainPart {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Files of rows, each full of strings before the next begins; at least one. */
class PlainParts {
  readonly #prefix: string;
  readonly #columns: ParquetRows['columns'];
  readonly #ended: (part: PlainPart, number: number) => void;
  #number = 0;
  #file: PlainParquet;
  #strings = 0;

  /** @param ended is told each file that is whole */
  constructor(
    prefix: string,
    columns: ParquetRows['columns'],
    ended: (part: PlainPart, number: number) => void,
  ) {
    this.#prefix = prefix;
    this.#columns = columns;
    this.#ended = ended;
    this.#file = this.#next();
  }

  write(row: readonly Json[], strings: number): void {
    if (this.#strings >= STRINGS_PER_FILE) {
      this.#end();
      this.#file = this.#next();
    }
    this.#file.write(row);
    this.#strings += strings;
  }

  close(): void {
    this.#end();
  }

  abandon(): void {
    this.#file.abandon();
  }

  #next(): PlainParquet {
    this.#strings = 0;
    return new PlainParquet(this.#path(), this.#columns);
  }

  #end(): void {
    const { rows, bytes } = this.#file;
    this.#file.close();
    this.#ended({ path: this.#path(), rows, bytes }, this.#number++);
  }

  #path(): string {
    return `${this.#prefix}${five(this.#number)}.parquet`;
  }
}

function five(n: number): string {
  return String(n).padStart(5, '0');
}
