import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { QuarryError } from '../failures.ts';
import { decodeNpyHeader, type NpyArray, type NpyHeader, npyHeader } from './npy.ts';

/** Local `.npy` files read and written piecewise and synchronously: for pool kernels, which may block their thread. */

const HEADER_BYTES = 256;

/** A file that is open: for many reads of a few rows each. */
export class LocalNpyReader {
  readonly #path: string;
  readonly #file: number;
  readonly #header: NpyHeader;

  /** @throws QuarryError `BadArtefact` where it is no `.npy` file */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    try {
      const head = new Uint8Array(Math.min(HEADER_BYTES, fstatSync(this.#file).size));
      readSync(this.#file, head, 0, head.length, 0);
      this.#header = decodeNpyHeader(head, path);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Reads rows `start` (inclusive) to `end` (exclusive) into `into`, which they must fill.
   *
   * @throws QuarryError `BadArtefact` where the file has elements of another size, or too few rows
   */
  read<A extends NpyArray>(start: number, end: number, into: A): A {
    const { dtype, shape, offset } = this.#header;
    const size = Number(dtype.slice(2));
    const bytesPerRow = size * shape.slice(1).reduce((product, n) => product * n, 1);
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const fits = end <= shape[0]! && (end - start) * bytesPerRow === bytes.length;
    if (!fits || size !== into.BYTES_PER_ELEMENT) {
      throw new QuarryError(
        'BadArtefact',
        `${this.#path}: ${dtype} [${shape.join(', ')}], of which rows ${start} to ${end} were expected to be ${into.length} elements of ${into.BYTES_PER_ELEMENT} bytes: the cache holds results of another version; remove it`,
      );
    }
    readBytes(this.#file, this.#path, bytes, offset + start * bytesPerRow);
    return into;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** {@link LocalNpyReader.read} once. */
export function readLocalRows<A extends NpyArray>(path: string, start: number, end: number, into: A): A {
  const file = new LocalNpyReader(path);
  try {
    return file.read(start, end, into);
  } finally {
    file.close();
  }
}

function readBytes(file: number, path: string, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, Math.min(bytes.length - done, 1 << 26), position + done);
    if (read === 0) {
      throw new QuarryError(
        'BadArtefact',
        `${path}: ends ${bytes.length - done} bytes early: the file is cut off; remove it from the cache`,
      );
    }
    done += read;
  }
}

/** Writes an `.npy` file piece by piece, one-dimensional or with rows of `width`; its length is known at the end. */
export class LocalNpyWriter {
  readonly #file: number;
  readonly #dtype: string;
  readonly #width: number | null;
  #position: number;
  #length = 0;

  constructor(path: string, dtype: '<i4' | '<f4', width: number | null = null) {
    this.#file = openSync(path, 'w');
    this.#dtype = dtype;
    this.#width = width;
    this.#position = npyHeader(dtype, [0]).length;
  }

  append(piece: NpyArray): void {
    this.#write(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), this.#position);
    this.#position += piece.byteLength;
    this.#length += piece.length;
  }

  /** Puts the header before the elements: headers of one or two dimensions are all of one size (128 bytes). */
  finish(): void {
    this.#write(
      npyHeader(
        this.#dtype,
        this.#width === null ? [this.#length] : [this.#length / this.#width, this.#width],
      ),
      0,
    );
    this.close();
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, position + done);
    }
  }
}
