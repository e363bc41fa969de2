import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { npyHeader } from '../tables/npy.ts';

/** A `.npy` file [rows, columns] whose rows are written in any order; nothing of it is kept in memory. */
export class VectorFile {
  readonly #file: number;
  readonly #offset: number;
  readonly #bytesPerRow: number;

  constructor(path: string, dtype: '<f4' | '|u1', rows: number, columns: number) {
    const header = npyHeader(dtype, [rows, columns]);
    this.#file = openSync(path, 'w+');
    this.#offset = header.length;
    this.#bytesPerRow = columns * (dtype === '<f4' ? 4 : 1);
    writeSync(this.#file, header);
  }

  /** Writes whole rows, the first of them `row`. */
  write(row: number, data: Float32Array | Uint8Array): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    writeSync(this.#file, bytes, 0, bytes.length, this.#offset + row * this.#bytesPerRow);
  }

  /** Copies one row, written before, to another. */
  copy(from: number, to: number): void {
    const bytes = new Uint8Array(this.#bytesPerRow);
    readSync(this.#file, bytes, 0, bytes.length, this.#offset + from * this.#bytesPerRow);
    this.write(to, bytes);
  }

  close(): void {
    closeSync(this.#file);
  }
}
