import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sqlText } from '../../tables/duckdb.ts';
import { rowGroupRows } from '../../tables/write-parquet.ts';
import type { ExportSource } from '../source/export-source.ts';
import type { ExportTarget } from './export-target.ts';
import { type Json, JsonFile } from './json-file.ts';

/** Strings of one file at most, so that its size stays handy. */
const STRINGS_PER_FILE = 1_000_000;
/** DuckDB's own bound for a JSON row; longer ones need a buffer to match. */
const ROW_BYTES = 16 * 2 ** 20;

export interface ParquetRows {
  /** Directory below the target, `''` for the target itself. */
  readonly directory: string;
  readonly split: string;
  /** Names the file after what it holds, `<split>-00000-of-0000N-<tag>.parquet`: for configurations in a README. */
  readonly tag?: string;
  /** DuckDB's types, by column. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Rows on their way, in JSON; `strings` is how much of a file a row takes. */
type Write = (row: { readonly [column: string]: Json }, strings: number) => void;

/**
 * Writes `<split>-00000-of-0000N.parquet`. Rows go through local files of JSON, which DuckDB then turns into Parquet: so
 * strings are copied as bytes all the way. Memory: DuckDB's limit; three times the longest row where that is above 16 MB.
 */
export async function writeParquetRows(
  source: ExportSource,
  target: ExportTarget,
  { directory, split, tag, columns }: ParquetRows,
  fill: (write: Write) => Promise<void>,
): Promise<void> {
  const parts = new JsonParts(join(source.scratch, `rows-${split}-`));
  await target.during(parts, () => fill((row, strings) => parts.write(row, strings)));
  for (const [part, { path, rows, bytes, longest }] of parts.parts.entries()) {
    source.signal.throwIfAborted();
    const name = join(
      directory,
      `${split}-${five(part)}-of-${five(parts.parts.length)}${tag ? `-${tag}` : ''}.parquet`,
    );
    const types = Object.entries(columns).map(([column, type]) => `"${column}": ${sqlText(type)}`);
    const buffer = longest > ROW_BYTES ? `, maximum_object_size = ${longest}` : '';
    await source.connection.run(
      `COPY (SELECT * FROM read_json(${sqlText(path)}, format = 'newline_delimited', columns = {${types.join(', ')}}${buffer}))
       TO ${sqlText(await target.path(name))} (
         FORMAT parquet, PARQUET_VERSION V1, COMPRESSION snappy, ROW_GROUP_SIZE ${rowGroupRows(bytes / Math.max(1, rows))})`,
    );
    await rm(path);
    target.count(name, rows);
  }
}

interface JsonPart {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Bytes of the longest row. */
  readonly longest: number;
}

/** Files of JSON lines, each full of strings before the next begins; at least one. */
class JsonParts {
  readonly parts: JsonPart[] = [];
  readonly #prefix: string;
  #file: JsonFile;
  #strings = 0;
  #rows = 0;
  #longest = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#file = this.#next();
  }

  write(row: { readonly [column: string]: Json }, strings: number): void {
    if (this.#strings >= STRINGS_PER_FILE) {
      this.#end();
      this.#file = this.#next();
    }
    this.#longest = Math.max(this.#longest, this.#file.json(row));
    this.#strings += strings;
    this.#rows++;
  }

  close(): void {
    this.#end();
  }

  abandon(): void {
    this.#file.abandon();
  }

  #next(): JsonFile {
    this.#strings = this.#rows = this.#longest = 0;
    return new JsonFile(this.#path());
  }

  #end(): void {
    const { bytes } = this.#file;
    this.#file.close();
    this.parts.push({ path: this.#path(), rows: this.#rows, bytes, longest: this.#longest });
  }

  #path(): string {
    return `${this.#prefix}${five(this.parts.length)}.jsonl`;
  }
}

function five(n: number): string {
  return String(n).padStart(5, '0');
}
