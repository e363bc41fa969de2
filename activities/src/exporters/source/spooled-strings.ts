import { closeSync, readSync } from 'node:fs';

/** How a spool's strings are written: as JSON, quotes included; or as they are in UTF-8, which is what Parquet holds. */
export type Encoding = 'json' | 'plain';

/** Strings up to so many bytes are copied in a loop, which is faster than a copy that makes a view of them first. */
const SHORT_BYTES = 16;
const WINDOW_BYTES = 1 << 18;
/** Rows ahead of the last one within which reading counts as going on. */
const NEAR = 64;

/** Where the strings of a file begin, and how long they are: two numbers a row. */
export interface StringPlaces {
  readonly starts: Float64Array;
  readonly sizes: Uint32Array;
}

/**
 * Strings by row in a local file that DuckDB wrote, already encoded as the export writes them: bytes are copied, no string is
 * decoded, escaped or encoded again. Memory: 12 bytes per row, and the file itself where it has at most `memory` bytes;
 * else what is asked for in order is read ahead, and what is asked for at random is read each time (out of the page cache).
 */
export class SpooledStrings {
  readonly encoding: Encoding;
  readonly #file: number;
  readonly #starts: Float64Array;
  readonly #sizes: Uint32Array;
  /** The whole file, or the window read last. */
  #window: Buffer;
  #windowStart = 0;
  #last = -1;

  /**
   * @param file an open one, which is closed with the spool
   * @param size of the file in bytes
   */
  constructor(encoding: Encoding, file: number, size: number, { starts, sizes }: StringPlaces, memory = 0) {
    this.encoding = encoding;
    this.#file = file;
    this.#starts = starts;
    this.#sizes = sizes;
    this.#window = Buffer.allocUnsafe(size <= memory ? size : 0);
    readFully(file, this.#window, 0);
  }

  get rows(): number {
    return this.#sizes.length;
  }

  /** Bytes of a row's string as it is encoded. */
  size(row: number): number {
    return this.#sizes[row]!;
  }

  /** The row's string is empty. */
  isEmpty(row: number): boolean {
    return this.#sizes[row] === (this.encoding === 'json' ? '""'.length : 0);
  }

  /** Copies a row's string as it is encoded to `target` at `at`, which has room for it; its bytes. */
  copy(row: number, target: Buffer, at: number): number {
    const start = this.#starts[row]!;
    const bytes = this.#sizes[row]!;
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
    if (bytes > SHORT_BYTES) this.#window.copy(target, at, from, from + bytes);
    else for (let i = 0; i < bytes; i++) target[at + i] = this.#window[from + i]!;
    return bytes;
  }

  /** A row's string. */
  get(row: number): string {
    const bytes = Buffer.allocUnsafe(this.size(row));
    this.copy(row, bytes, 0);
    const text = bytes.toString('utf8');
    return this.encoding === 'json' ? (JSON.parse(text) as string) : text;
  }

  close(): void {
    closeSync(this.#file);
  }

  #holds(start: number, bytes: number): boolean {
    return start >= this.#windowStart && start + bytes <= this.#windowStart + this.#window.length;
  }
}

/** Reads from `start` until the buffer is full or the file ends. */
function readFully(file: number, buffer: Buffer, start: number): void {
  for (let filled = 0; filled < buffer.length; ) {
    const bytes = readSync(file, buffer, filled, buffer.length - filled, start + filled);
    if (bytes === 0) return;
    filled += bytes;
  }
}
