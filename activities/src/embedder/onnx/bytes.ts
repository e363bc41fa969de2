import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes that are read in pieces, so that a file of any size can be looked through. */
export interface Bytes {
  readonly size: number;
  /** Bytes [start, end); may be a view: do not write to it. */
  read(start: number, end: number): Uint8Array;
}

/** Bytes in memory. */
export function bytesOf(array: Uint8Array): Bytes {
  return { size: array.length, read: (start, end) => array.subarray(start, end) };
}

/** Small reads come from a window of this size. */
const WINDOW = 1 << 16;

/** A file; memory is one window of 64 KiB, and what the caller asks for. */
export class FileBytes implements Bytes {
  readonly size: number;
  readonly #file: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.size = fstatSync(this.#file).size;
  }

  read(start: number, end: number): Uint8Array {
    const inside = start >= this.#windowStart && end <= this.#windowStart + this.#window.length;
    if (!inside) {
      if (end - start > WINDOW) return this.#readNow(start, end);
      this.#window = this.#readNow(start, Math.min(this.size, start + WINDOW));
      this.#windowStart = start;
    }
    return this.#window.subarray(start - this.#windowStart, end - this.#windowStart);
  }

  close(): void {
    closeSync(this.#file);
  }

  #readNow(start: number, end: number): Uint8Array {
    const target = new Uint8Array(end - start);
    let filled = 0;
    while (filled < target.length) {
      const read = readSync(this.#file, target, filled, target.length - filled, start + filled);
      if (read === 0) break;
      filled += read;
    }
    return target.subarray(0, filled);
  }
}
