import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const BUFFER_BYTES = 1 << 20;

/**
 * Bytes by dense id, in a local file, so that rows can be put together in any order without holding them: a join in
 * DuckDB would keep the contents of every column and every row at once. Memory: 16 bytes per id, and the largest entry.
 * Reads are synchronous, because DuckDB asks for rows synchronously; they come out of the page cache.
 */
export class SpooledBytes {
  readonly #file: number;
  /** Ascending. */
  readonly #ids: Int32Array;
  /** Where the entry of `#ids[i]` begins; -1 = not there. */
  readonly #starts: Float64Array;
  readonly #lengths: Int32Array;
  #buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #bytes = 0;

  /**
   * @param path of a new file
   * @param ids ascending, without repeats
   */
  constructor(path: string, ids: Int32Array) {
    this.#file = openSync(path, 'wx+');
    this.#ids = ids;
    this.#starts = new Float64Array(ids.length).fill(-1);
    this.#lengths = new Int32Array(ids.length);
  }

  append(ids: readonly number[], entries: readonly Buffer[]): void {
    for (const [i, bytes] of entries.entries()) {
      const at = this.#place(ids[i]!);
      this.#starts[at] = this.#bytes;
      this.#lengths[at] = bytes.length;
      this.#bytes += bytes.length;
    }
    const all = Buffer.concat(entries);
    for (let written = 0; written < all.length; ) written += writeSync(this.#file, all, written);
  }

  /** The entry of a dense id, valid until the next one is asked for; null where there is none. */
  get(id: number): Buffer | null {
    const at = this.#place(id);
    const start = this.#starts[at] ?? -1;
    if (start < 0) return null;
    const length = this.#lengths[at]!;
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(length * 2);
    for (let read = 0; read < length; ) {
      read += readSync(this.#file, this.#buffer, read, length - read, start + read);
    }
    return this.#buffer.subarray(0, length);
  }

  /** Mean size of an entry. */
  get meanBytes(): number {
    return this.#bytes / Math.max(1, this.#ids.length);
  }

  close(): void {
    closeSync(this.#file);
  }

  #place(id: number): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return this.#ids[low] === id ? low : -1;
  }
}
