import type { Range } from '@quarry/workflows';
import type { QueryWindow } from '../mining/score-owners.ts';
import { LocalNpyReader } from './local-npy.ts';
import { RecentlyUsed } from './recently-used.ts';

/** The vectors of one shard of queries or documents: local `.npy`, float32 [end - start, dimension]. */
export interface ShardVectors extends Range {
  readonly path: string;
}

/** Vectors held at once, bytes. */
const HELD_BYTES = 128 * 2 ** 20;
/** Rows that are read at once where not all are held. */
const BLOCK_ROWS = 64;
/** Unneeded rows between two needed ones that are read along. */
const GAP_ROWS = 16;

/** All query (or document) vectors of a run, in local files. Memory: up to 128 MiB (at least 64 vectors). */
export class VectorFiles {
  readonly #files: readonly ShardVectors[];
  readonly #blocks: RecentlyUsed<QueryWindow>;
  readonly #blockRows: number;
  readonly #windowRows: number;
  readonly #queries: number;
  #window: QueryWindow | undefined;
  /** The shard that is being read: opened once for all of its rows that are needed. */
  #open: { readonly shard: number; readonly file: LocalNpyReader } | undefined;

  readonly dimension: number;

  /**
   * @param files in the order of the shards
   * @param heldBytes vectors held at once
   */
  constructor(files: readonly ShardVectors[], dimension: number, heldBytes: number = HELD_BYTES) {
    this.#files = files;
    this.dimension = dimension;
    this.#queries = files.at(-1)?.end ?? 0;
    this.#windowRows = Math.max(BLOCK_ROWS, Math.floor(heldBytes / (dimension * 4)));
    this.#blockRows = this.#queries <= this.#windowRows ? Math.max(1, this.#queries) : BLOCK_ROWS;
    const held = Math.max(1, Math.floor(this.#windowRows / this.#blockRows));
    this.#blocks = new RecentlyUsed(held, (block) => {
      const start = block * this.#blockRows;
      return this.read(start, Math.min(start + this.#blockRows, this.#queries));
    });
  }

  /** Some vectors among which is the one of `query`: for random access. */
  around(query: number): QueryWindow {
    return this.#blocks.get(Math.floor(query / this.#blockRows));
  }

  /** The vectors of rows [start, end), in memory of their own. */
  read(start: number, end: number): QueryWindow {
    const vectors = new Float32Array((end - start) * this.dimension);
    try {
      this.#fill(start, end, vectors, start);
    } finally {
      this.#close();
    }
    return { start, end, vectors };
  }

  /**
   * Windows that together hold the vectors of the `needed` queries (ascending), one at a time: the next one takes the
   * memory of the one before. All vectors are one window, read once, where they fit.
   */
  *windows(needed: Int32Array): Generator<QueryWindow, void> {
    if (this.#queries <= this.#windowRows) {
      if (needed.length > 0) yield this.around(0);
      return;
    }
    this.#window ??= { start: 0, end: 0, vectors: new Float32Array(this.#windowRows * this.dimension) };
    const { vectors } = this.#window;
    for (let i = 0; i < needed.length; ) {
      const start = needed[i]!;
      const end = Math.min(start + this.#windowRows, this.#queries);
      try {
        while (i < needed.length && needed[i]! < end) {
          const from = needed[i]!;
          let to = from + 1;
          while (++i < needed.length && needed[i]! < end && needed[i]! - to < GAP_ROWS) to = needed[i]! + 1;
          this.#fill(from, to, vectors, start);
        }
      } finally {
        this.#close();
      }
      yield { start, end, vectors };
    }
  }

  /** Reads queries [from, to) to their rows in `vectors`, whose first row is query `base`. */
  #fill(from: number, to: number, vectors: Float32Array, base: number): void {
    const { dimension } = this;
    for (let shard = this.#shardOf(from); from < to; shard++) {
      const { start, end } = this.#files[shard]!;
      const until = Math.min(end, to);
      const rows = vectors.subarray((from - base) * dimension, (until - base) * dimension);
      this.#opened(shard).read(from - start, until - start, rows);
      from = until;
    }
  }

  #opened(shard: number): LocalNpyReader {
    if (this.#open?.shard !== shard) {
      this.#close();
      this.#open = { shard, file: new LocalNpyReader(this.#files[shard]!.path) };
    }
    return this.#open.file;
  }

  #close(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  #shardOf(query: number): number {
    let low = 0;
    let high = this.#files.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (query < this.#files[middle]!.end) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
