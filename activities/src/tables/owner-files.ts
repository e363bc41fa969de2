import type { OwnersOfDocuments } from '../mining/score-owners.ts';
import { readLocalRows } from './local-npy.ts';

/** The owner map of a plan in local files. */
export interface OwnerFiles {
  /** `.npy` int32 [documents + 1] */
  readonly ownerOffsets: string;
  /** `.npy` int32 [pairs] */
  readonly ownerQuery: string;
  readonly documents: number;
  readonly pairs: number;
}

/** Elements read at once. */
const PIECE = 4096;

/** The owners of some documents (ascending). Memory: 4 bytes per document and per owner. */
export function readOwners(files: OwnerFiles, documents: Int32Array): OwnersOfDocuments {
  const bounds = new AscendingReader(files.ownerOffsets, files.documents + 1);
  const offsets = new Int32Array(documents.length + 1);
  const starts = new Int32Array(documents.length);
  documents.forEach((document, i) => {
    const [start, end] = bounds.read(document, document + 2);
    starts[i] = start!;
    offsets[i + 1] = offsets[i]! + (end! - start!);
  });
  const owners = new AscendingReader(files.ownerQuery, files.pairs);
  const queries = new Int32Array(offsets.at(-1)!);
  for (let i = 0; i < documents.length; i++) {
    const count = offsets[i + 1]! - offsets[i]!;
    if (count > 0) queries.set(owners.read(starts[i]!, starts[i]! + count), offsets[i]!);
  }
  return { offsets, queries };
}

/** Reads ranges of an int32 array in ascending order, in pieces. */
class AscendingReader {
  readonly #path: string;
  readonly #length: number;
  #start = 0;
  #piece = new Int32Array(0);

  constructor(path: string, length: number) {
    this.#path = path;
    this.#length = length;
  }

  read(start: number, end: number): Int32Array {
    if (start < this.#start || end > this.#start + this.#piece.length) {
      const until = Math.min(this.#length, Math.max(end, start + PIECE));
      this.#piece = readLocalRows(this.#path, start, until, new Int32Array(until - start));
      this.#start = start;
    }
    return this.#piece.subarray(start - this.#start, end - this.#start);
  }
}
