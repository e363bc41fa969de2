/** Nearest neighbours that hubness is measured over (CSLS, Conneau et al. 2018, takes 10 as well). */
export const NEIGHBOURS = 10;

/**
 * How near everything comes to a document, and to a query: mean score of its nearest neighbours, from the lists that
 * retrieval already has. Memory: 44 bytes per document and 4 per query.
 *
 * Source: r of CSLS (Conneau et al. 2018, arXiv 1710.04087); Radovanovic et al. 2010 for hubs. From the lists of
 * retrieval instead of all scores it did as well (shared baselines, section 4).
 */
export class Hubness {
  /** float32 [documents, NEIGHBOURS]: best scores of each document, descending, -Infinity padded */
  readonly nearest: Float32Array;
  /** int32 [documents]: lists that hold the document */
  readonly lists: Int32Array;
  /** float32 [queries]: mean of the query's best scores */
  readonly queries: Float32Array;
  #lastSum = 0;
  #lists = 0;

  constructor(documents: number, queries: number) {
    this.nearest = new Float32Array(documents * NEIGHBOURS).fill(Number.NEGATIVE_INFINITY);
    this.lists = new Int32Array(documents);
    this.queries = new Float32Array(queries);
  }

  /**
   * @param documents int32: one query's candidates, -1 where there is none or it is the query itself
   * @param scores float32: their scores, in any order
   */
  add(query: number, documents: Int32Array, scores: Float32Array): void {
    const own: number[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < documents.length; i++) {
      const document = documents[i]!;
      if (document < 0) continue;
      const score = scores[i]!;
      this.lists[document]!++;
      offer(this.nearest, document * NEIGHBOURS, score);
      own.push(score);
      if (score < least) least = score;
    }
    if (own.length === 0) return;
    own.sort((a, b) => b - a);
    const best = own.slice(0, NEIGHBOURS);
    this.queries[query] = best.reduce((sum, score) => sum + score, 0) / best.length;
    this.#lastSum += least;
    this.#lists++;
  }

  /** float32 [documents]: mean of the nearest; a missing place counts as the lists' mean last score. */
  documents(): Float32Array {
    const missing = this.#lists === 0 ? 0 : this.#lastSum / this.#lists;
    const means = new Float32Array(this.lists.length);
    for (let document = 0; document < means.length; document++) {
      let sum = 0;
      for (let i = 0; i < NEIGHBOURS; i++) {
        const score = this.nearest[document * NEIGHBOURS + i]!;
        sum += score === Number.NEGATIVE_INFINITY ? missing : score;
      }
      means[document] = sum / NEIGHBOURS;
    }
    return means;
  }
}

/** Puts a score into its place among NEIGHBOURS descending ones. */
function offer(nearest: Float32Array, first: number, score: number): void {
  let at = first + NEIGHBOURS - 1;
  if (score <= nearest[at]!) return;
  for (; at > first && nearest[at - 1]! < score; at--) nearest[at] = nearest[at - 1]!;
  nearest[at] = score;
}
