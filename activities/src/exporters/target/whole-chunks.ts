import type { ExportTarget } from './export-target.ts';

/** Passes rows on in chunks that are full. Memory: one chunk. */
export class WholeChunks<Row> {
  readonly #size: number;
  readonly #write: (row: Row) => void;
  #rows: Row[] = [];

  constructor(size: number, write: (row: Row) => void) {
    this.#size = size;
    this.#write = write;
  }

  add(row: Row): void {
    this.#rows.push(row);
    if (this.#rows.length < this.#size) return;
    for (const whole of this.#rows) this.#write(whole);
    this.#rows = [];
  }

  /** Counts what did not fill a chunk as left out. */
  tell(target: ExportTarget): void {
    target.leaveOut(this.#rows.length, `rows at the end, which do not fill a chunk of ${this.#size}`);
  }
}
