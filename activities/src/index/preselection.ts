import type { BlockBest } from './gemm-search.ts';

/** The running best `k` rows of some queries by GEMM score, over one document block after the other. */
export class Preselection {
  readonly k: number;
  /** int32 [queries, k], by GEMM score descending */
  rows: Int32Array;
  #scores: Float32Array;
  readonly #queries: number;
  #filled = 0;
  #nextRows: Int32Array;
  #nextScores: Float32Array;

  constructor(queries: number, k: number) {
    this.k = k;
    this.#queries = queries;
    this.rows = new Int32Array(queries * k);
    this.#scores = new Float32Array(queries * k);
    this.#nextRows = new Int32Array(queries * k);
    this.#nextScores = new Float32Array(queries * k);
  }

  /** GEMM score of the last row of one query: no row outside has a higher one. */
  last(query: number): number {
    return this.#scores[(query + 1) * this.k - 1]!;
  }

  /** Takes in the best rows of the block that starts at row `first`. */
  merge(block: BlockBest, first: number): void {
    const filled = Math.min(this.k, this.#filled + block.k);
    for (let query = 0; query < this.#queries; query++) this.#mergeQuery(query, block, first, filled);
    this.#filled = filled;
    [this.rows, this.#nextRows] = [this.#nextRows, this.rows];
    [this.#scores, this.#nextScores] = [this.#nextScores, this.#scores];
  }

  #mergeQuery(query: number, block: BlockBest, first: number, filled: number): void {
    const rows = this.rows;
    const scores = this.#scores;
    let mine = query * this.k;
    const mineEnd = mine + this.#filled;
    let theirs = query * block.k;
    const theirsEnd = theirs + block.k;
    const end = query * this.k + filled;
    for (let at = query * this.k; at < end; at++) {
      if (theirs === theirsEnd || (mine < mineEnd && scores[mine]! >= block.scores[theirs]!)) {
        this.#nextRows[at] = rows[mine]!;
        this.#nextScores[at] = scores[mine++]!;
      } else {
        this.#nextRows[at] = first + block.rows[2 * theirs]!;
        this.#nextScores[at] = block.scores[theirs++]!;
      }
    }
  }
}
