import { dot, dotErrorBound, dotRows } from '../mining/dot.ts';
import type { KernelControl } from '../pool/kernel.ts';
import { GemmSearch } from './gemm-search.ts';
import { Preselection } from './preselection.ts';
import { Ranking } from './ranking.ts';
import { emptyHits, type Hits, stopIfAborted, type VectorIndex } from './vector-index.ts';
import { checkDimension, checkProduct, largestNorm, norm, type Vectors } from './vectors.ts';

/** Queries per GEMM; with {@link DOCUMENT_BLOCK} its scores take 16 MiB. */
const QUERY_BLOCK = 256;
const DOCUMENT_BLOCK = 16_384;

/** Fetched beyond k, so that rounding in the GEMM seldom decides what is in. */
const OVERFETCH = 16;

/**
 * Exact search. A float32 GEMM only preselects k + {@link OVERFETCH} rows; these get their true score ({@link dot}).
 * What was not fetched has a true score of at most the last fetched GEMM score + e, where e bounds the rounding of a
 * GEMM ({@link dotErrorBound}). Where the k-th true score lies above that, no row is missing. Where it does not (ties
 * and near ties), a second GEMM pass gives the true score to every row whose GEMM score reaches the k-th true score
 * found so far - e, which is a lower bound that every missing row must reach. So the result is that of comparing
 * everything with everything, and does not depend on the GEMM.
 *
 * Memory: the vectors, 16 MiB of scores and what the GEMM packs (one document block).
 */
export class ExactIndex implements VectorIndex {
  readonly #documents: Vectors;
  readonly #largestNorm: number;
  readonly #gemm: GemmSearch;
  readonly #wideQuery: Float64Array;
  #trueScores = new Float32Array(0);

  private constructor(documents: Vectors, largest: number, gemm: GemmSearch) {
    this.#documents = documents;
    this.#largestNorm = largest;
    this.#gemm = gemm;
    this.#wideQuery = new Float64Array(documents.dimension);
  }

  /** @param threads that one GEMM may use */
  static async over(documents: Vectors, threads: number): Promise<ExactIndex> {
    const largest = largestNorm(documents, 'documents');
    return new ExactIndex(documents, largest, await GemmSearch.open(threads));
  }

  get size(): number {
    return this.#documents.rows;
  }

  save(): boolean {
    return false;
  }

  close(): Promise<void> {
    return this.#gemm.close();
  }

  async search(queries: Vectors, k: number, control: KernelControl): Promise<Hits> {
    checkDimension(queries, this.#documents.dimension);
    checkProduct(largestNorm(queries, 'queries'), this.#largestNorm);
    const hits = emptyHits(queries.rows, k);
    const within = Math.min(k, this.size);
    if (within === 0) return hits;
    const ranking = new Ranking(within);
    for (let start = 0; start < queries.rows; start += QUERY_BLOCK) {
      const end = Math.min(start + QUERY_BLOCK, queries.rows);
      const preselection = await this.#preselect(queries, start, end, within, control);
      const unproven: Unproven[] = [];
      for (let query = start; query < end; query++) {
        this.#rescore(queries, query, preselection, query - start, ranking);
        if (this.#complete(queries, query, preselection.last(query - start), ranking)) {
          ranking.writeTo(hits, query, k);
        } else {
          unproven.push({ query, floor: ranking.floor });
        }
      }
      if (unproven.length > 0) await this.#searchWider(queries, unproven, within, hits, k, control);
      control.progress(end, queries.rows);
    }
    return hits;
  }

  async #preselect(
    queries: Vectors,
    start: number,
    end: number,
    k: number,
    control: KernelControl,
  ): Promise<Preselection> {
    const fetch = Math.min(k + OVERFETCH, this.size);
    const preselection = new Preselection(end - start, fetch);
    const block = rowsOf(queries, start, end);
    for (const [first, last] of this.#blocks()) {
      stopIfAborted(control);
      const documents = rowsOf(this.#documents, first, last);
      const best = await this.#gemm.topK(block, documents, Math.min(fetch, last - first));
      preselection.merge(best, first);
    }
    return preselection;
  }

  #rescore(queries: Vectors, query: number, from: Preselection, place: number, ranking: Ranking): void {
    const { dimension } = queries;
    this.#wideQuery.set(queries.data.subarray(query * dimension, (query + 1) * dimension));
    const [start, end] = [place * from.k, (place + 1) * from.k];
    if (this.#trueScores.length < from.k) this.#trueScores = new Float32Array(from.k);
    dotRows(this.#wideQuery, this.#documents.data, from.rows, start, end, this.#trueScores);
    ranking.reset();
    for (let i = start; i < end; i++) ranking.offer(from.rows[i]!, this.#trueScores[i - start]!);
  }

  /** Everything was fetched, or nothing that was not fetched can reach the k-th score. */
  #complete(queries: Vectors, query: number, lastFetched: number, ranking: Ranking): boolean {
    if (this.size <= ranking.size + OVERFETCH) return true;
    return ranking.floor > lastFetched + this.#errorBound(queries, query);
  }

  #errorBound(queries: Vectors, query: number): number {
    return dotErrorBound(queries.dimension, norm(queries, query) * this.#largestNorm);
  }

  async #searchWider(
    queries: Vectors,
    unproven: readonly Unproven[],
    within: number,
    hits: Hits,
    k: number,
    control: KernelControl,
  ): Promise<void> {
    const { data, dimension } = this.#documents;
    const block = gather(
      queries,
      unproven.map(({ query }) => query),
    );
    const rankings = unproven.map(() => new Ranking(within));
    const bounds = unproven.map(({ query }) => this.#errorBound(queries, query));
    for (const [first, last] of this.#blocks()) {
      stopIfAborted(control);
      const rows = last - first;
      const scores = await this.#gemm.scores(block, rowsOf(this.#documents, first, last));
      for (let place = 0; place < rankings.length; place++) {
        const ranking = rankings[place]!;
        let needed = Math.max(unproven[place]!.floor, ranking.floor) - bounds[place]!;
        for (let i = 0; i < rows; i++) {
          if (scores[place * rows + i]! < needed) continue;
          const row = first + i;
          ranking.offer(row, dot(block.data, place * dimension, data, row * dimension, dimension));
          needed = Math.max(unproven[place]!.floor, ranking.floor) - bounds[place]!;
        }
      }
    }
    rankings.forEach((ranking, place) => {
      ranking.writeTo(hits, unproven[place]!.query, k);
    });
  }

  /** Ranges of documents of about equal length. */
  *#blocks(): Generator<readonly [number, number]> {
    const count = Math.ceil(this.size / DOCUMENT_BLOCK);
    for (let i = 0; i < count; i++) {
      yield [Math.floor((i * this.size) / count), Math.floor(((i + 1) * this.size) / count)];
    }
  }
}

/** A query whose fetched rows may not be the best ones, and the k-th true score among them. */
interface Unproven {
  readonly query: number;
  readonly floor: number;
}

function rowsOf({ data, dimension }: Vectors, start: number, end: number): Vectors {
  return { data: data.subarray(start * dimension, end * dimension), rows: end - start, dimension };
}

function gather({ data, dimension }: Vectors, rows: readonly number[]): Vectors {
  const gathered = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    gathered.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return { data: gathered, rows: rows.length, dimension };
}
