/**
 * The best `k` candidates of one query, ordered by (score descending, row ascending); filled by insertion, so offers
 * that come nearly in order cost next to nothing.
 */
export class Ranking {
  /** The first {@link size} hold the rows (or ids) in order. */
  readonly rows: Int32Array;
  readonly scores: Float32Array;
  readonly #k: number;
  #size = 0;

  constructor(k: number) {
    this.#k = k;
    this.rows = new Int32Array(k);
    this.scores = new Float32Array(k);
  }

  get size(): number {
    return this.#size;
  }

  /** Score that the next candidate must reach: the k-th best, -Infinity while there are fewer. */
  get floor(): number {
    return this.#size === this.#k && this.#k > 0 ? this.scores[this.#k - 1]! : -Infinity;
  }

  reset(): void {
    this.#size = 0;
  }

  /**
   * @param score a float32
   * @returns whether it is among the best so far; once it is not, no later one in order can be
   */
  offer(row: number, score: number): boolean {
    const { rows, scores } = this;
    let at = this.#size;
    if (at === this.#k) {
      if (at === 0) return false;
      const worst = scores[at - 1]!;
      if (score < worst || (score === worst && row > rows[at - 1]!)) return false;
      at--;
    } else {
      this.#size++;
    }
    while (at > 0) {
      const above = scores[at - 1]!;
      if (above > score || (above === score && rows[at - 1]! < row)) break;
      scores[at] = above;
      rows[at] = rows[at - 1]!;
      at--;
    }
    rows[at] = row;
    scores[at] = score;
    return true;
  }

  /** Writes the candidates to place `query` of arrays [queries, width]. */
  writeTo(
    hits: { readonly ids: Int32Array; readonly scores: Float32Array },
    query: number,
    width: number,
  ): void {
    hits.ids.set(this.rows.subarray(0, this.#size), query * width);
    hits.scores.set(this.scores.subarray(0, this.#size), query * width);
  }
}
