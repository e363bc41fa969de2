import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';

const BUFFER_BYTES = 1 << 20;

/**
 * Strings by dense id, in a local file, so that rows can be put together in any order without holding them: a join in
 * DuckDB would keep the texts of every column and every row at once. Memory: 16 bytes per id. Reads are synchronous,
 * because DuckDB asks for rows synchronously; they come out of the page cache.
 */
export class SpooledTexts {
  readonly #file: number;
  /** Ascending. */
  readonly #ids: Int32Array;
  /** Where the string of `#ids[i]` begins; -1 = not there. */
  readonly #starts: Float64Array;
  readonly #lengths: Int32Array;
  #buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #bytes = 0;

  private constructor(path: string, ids: Int32Array) {
    this.#file = openSync(path, 'wx+');
    this.#ids = ids;
    this.#starts = new Float64Array(ids.length).fill(-1);
    this.#lengths = new Int32Array(ids.length);
  }

  /**
   * Writes the strings that `select` yields as (dense id, string) to the new file `path`.
   *
   * @param ids ascending, without repeats
   */
  static async spool(
    connection: DuckDBConnection,
    path: string,
    ids: Int32Array,
    select: string | null,
  ): Promise<SpooledTexts> {
    const texts = new SpooledTexts(path, ids);
    if (select === null) return texts;
    const result = await connection.stream(select);
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      const [found, strings] = chunk.getColumns() as [number[], string[]];
      texts.#append(found, strings);
    }
    return texts;
  }

  /** The string of a dense id; a QuarryError `BadArtefact` where the plan has none. */
  get(id: number): string {
    const at = this.#place(id);
    const start = this.#starts[at] ?? -1;
    if (start < 0) {
      throw new QuarryError(
        'BadArtefact',
        `the plan's tables hold no row with the dense id ${id}; remove the cache`,
      );
    }
    const length = this.#lengths[at]!;
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(length * 2);
    readSync(this.#file, this.#buffer, 0, length, start);
    return this.#buffer.toString('utf8', 0, length);
  }

  /** Mean size of a string. */
  get meanBytes(): number {
    return this.#bytes / Math.max(1, this.#ids.length);
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(ids: readonly number[], strings: readonly string[]): void {
    const encoded = strings.map((text) => Buffer.from(text, 'utf8'));
    for (const [i, bytes] of encoded.entries()) {
      const at = this.#place(ids[i]!);
      this.#starts[at] = this.#bytes;
      this.#lengths[at] = bytes.length;
      this.#bytes += bytes.length;
    }
    const all = Buffer.concat(encoded);
    for (let written = 0; written < all.length; ) written += writeSync(this.#file, all, written);
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
