import { Ranking } from './ranking.ts';
import type { Hits } from './vector-index.ts';

/** Candidates that the input brings for the queries of one shard. */
export interface GivenLists {
  /** int32 [q + 1]: those of row i are entries [offsets[i], offsets[i + 1]) */
  readonly offsets: Int32Array;
  /** int32: dense document ids, ascending within a row */
  readonly documents: Int32Array;
  /** uint8: where each comes from */
  readonly sources: Uint8Array;
}

/**
 * Joins what the search found with what the input brings, query by query: all of both, each document once, in one order
 * (score descending, document ascending). A document that both have counts as found by the search.
 */
export class GivenJoin {
  /** uint8 [q, k]: 0 search, else 1 + the given source. */
  readonly sources: Uint8Array;
  readonly #given: GivenLists;
  readonly #scores: Float32Array;
  readonly #hits: Hits;
  readonly #k: number;
  readonly #both: Ranking;

  /** @param scores float32, one per entry of `given` */
  constructor(given: GivenLists, scores: Float32Array, hits: Hits, k: number) {
    this.#given = given;
    this.#scores = scores;
    this.#hits = hits;
    this.#k = k;
    this.#both = new Ranking(k);
    this.sources = new Uint8Array(hits.ids.length);
  }

  /** Writes the candidates of one query: those of `searched`, and its given ones. */
  write(searched: Ranking, query: number): void {
    const { offsets, documents, sources } = this.#given;
    const both = this.#both;
    both.reset();
    const found = new Set<number>();
    for (let i = 0; i < searched.size; i++) {
      found.add(searched.rows[i]!);
      both.offer(searched.rows[i]!, searched.scores[i]!);
    }
    const brought = new Map<number, number>();
    for (let i = offsets[query]!; i < offsets[query + 1]!; i++) {
      if (found.has(documents[i]!)) continue;
      brought.set(documents[i]!, sources[i]!);
      both.offer(documents[i]!, this.#scores[i]!);
    }
    both.writeTo(this.#hits, query, this.#k);
    for (let place = 0; place < both.size; place++) {
      const source = brought.get(both.rows[place]!);
      if (source !== undefined) this.sources[query * this.#k + place] = 1 + source;
    }
  }
}
