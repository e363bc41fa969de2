import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../../tables/duckdb.ts';

/** Every line is this, the string as JSON, and `}`. */
const PREFIX = '{"t":';
const LINE_BREAK = 0x0a;
const BLOCK_BYTES = 1 << 20;
const WINDOW_BYTES = 1 << 18;
/** Rows ahead of the last one within which reading counts as going on. */
const NEAR = 64;

/**
 * Strings by row, already escaped as JSON, in a local file that DuckDB wrote. An export copies bytes: no string is
 * decoded, escaped or encoded again. Memory: 8 bytes per row, and the file itself where it has at most `memory` bytes; else
 * what is asked for in order is read ahead, and what is asked for at random is read each time (out of the page cache).
 */
export class SpooledJson {
  readonly #file: number;
  /** Where the string of a row begins; one more at the end. */
  readonly #starts: Float64Array;
  /** The whole file, or the window read last. */
  #window: Buffer;
  #windowStart = 0;
  #last = -1;

  private constructor(file: number, starts: Float64Array, window: Buffer) {
    this.#file = file;
    this.#starts = starts;
    this.#window = window;
  }

  /**
   * Spools the strings that `select` yields.
   *
   * @param select one column `t`, its rows in order; there are `rows` of them
   * @param path of a new file
   */
  static async spool(
    connection: DuckDBConnection,
    select: string,
    { path, rows, memory = 0 }: { readonly path: string; readonly rows: number; readonly memory?: number },
  ): Promise<SpooledJson> {
    await connection.run(`COPY (${select}) TO ${sqlText(path)} (FORMAT json)`);
    const file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const starts = lineStarts(file, rows, size);
    const whole = Buffer.allocUnsafe(size <= memory ? size : 0);
    readFully(file, whole, 0);
    return new SpooledJson(file, starts, whole);
  }

  get rows(): number {
    return this.#starts.length - 1;
  }

  /** Bytes of a row's string as JSON, quotes included. */
  size(row: number): number {
    return this.#starts[row + 1]! - this.#starts[row]! - PREFIX.length - 2;
  }

  /** The row's string is empty. */
  isEmpty(row: number): boolean {
    return this.size(row) === '""'.length;
  }

  /** Copies a row's string as JSON to `target` at `at`, which has room for it; its bytes. */
  copy(row: number, target: Buffer, at: number): number {
    const start = this.#starts[row]! + PREFIX.length;
    const bytes = this.size(row);
    if (!this.#holds(start, bytes)) {
      const near = row > this.#last && row <= this.#last + NEAR && bytes <= WINDOW_BYTES;
      this.#last = row;
      if (!near) {
        readSync(this.#file, target, at, bytes, start);
        return bytes;
      }
      if (this.#window.length < WINDOW_BYTES) this.#window = Buffer.allocUnsafe(WINDOW_BYTES);
      this.#windowStart = start;
      readFully(this.#file, this.#window, start);
    }
    this.#last = row;
    const from = start - this.#windowStart;
    this.#window.copy(target, at, from, from + bytes);
    return bytes;
  }

  /** A row's string; empty where it is null. */
  get(row: number): string {
    const json = Buffer.allocUnsafe(this.size(row));
    this.copy(row, json, 0);
    return (JSON.parse(json.toString('utf8')) as string | null) ?? '';
  }

  close(): void {
    closeSync(this.#file);
  }

  #holds(start: number, bytes: number): boolean {
    return start >= this.#windowStart && start + bytes <= this.#windowStart + this.#window.length;
  }
}

function lineStarts(file: number, rows: number, size: number): Float64Array {
  const starts = new Float64Array(rows + 1);
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let row = 0;
  for (let at = 0; at < size; at += block.length) {
    const bytes = readSync(file, block, 0, block.length, at);
    const found = block.subarray(0, bytes);
    for (let end = found.indexOf(LINE_BREAK); end >= 0; end = found.indexOf(LINE_BREAK, end + 1)) {
      starts[++row] = at + end + 1;
    }
  }
  return starts;
}

/** Reads from `start` until the buffer is full or the file ends. */
function readFully(file: number, buffer: Buffer, start: number): void {
  for (let filled = 0; filled < buffer.length; ) {
    const bytes = readSync(file, buffer, filled, buffer.length - filled, start + filled);
    if (bytes === 0) return;
    filled += bytes;
  }
}
