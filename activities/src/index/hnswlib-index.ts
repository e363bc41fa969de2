import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import hnswlib from 'hnswlib-node';
import { QuarryError } from '../failures.ts';
import { dot } from '../mining/dot.ts';
import type { KernelControl } from '../pool/kernel.ts';
import { Ranking } from './ranking.ts';
import { emptyHits, type Hits, stopIfAborted, type VectorIndex } from './vector-index.ts';
import { checkDimension, checkProduct, largestNorm, type Vectors } from './vectors.ts';

export interface HnswParameters {
  /** Links per node. */
  readonly m: number;
  readonly efConstruction: number;
  readonly seed: number;
}

/** Native calls between two looks at the event loop and at `aborted`: some tens of milliseconds. */
const BATCH = 64;

/**
 * An HNSW graph of hnswlib-node in inner product space; labels are rows. It is built by one thread in row order, so
 * equal vectors give an equal graph. hnswlib's own float32 distances choose the rows, {@link dot} scores them.
 *
 * The addon aborts the process or answers nonsense for elements that are no numbers, labels that are no uint32 and
 * files of another dimension, so all of these are checked here first.
 *
 * Memory: the vectors, and once more with the links (dimension x 4 + m x 8 + about 20 bytes per row).
 */
export class HnswlibIndex implements VectorIndex {
  readonly #documents: Vectors;
  readonly #largestNorm: number;
  readonly #graph: hnswlib.HierarchicalNSW;
  readonly #ef: number;

  private constructor(documents: Vectors, largest: number, graph: hnswlib.HierarchicalNSW, ef: number) {
    this.#documents = documents;
    this.#largestNorm = largest;
    this.#graph = graph;
    this.#ef = ef;
  }

  /** Builds the graph; `efSearch` as in {@link load}. */
  static async build(
    documents: Vectors,
    { m, efConstruction, seed }: HnswParameters,
    control: KernelControl,
    efSearch = 0,
  ): Promise<HnswlibIndex> {
    const largest = largestNorm(documents, 'documents');
    const graph = new hnswlib.HierarchicalNSW('ip', documents.dimension);
    graph.initIndex({ maxElements: Math.max(1, documents.rows), m, efConstruction, randomSeed: seed });
    const point = nativePoint(documents.dimension);
    for (let row = 0; row < documents.rows; row++) {
      if (row % BATCH === 0) await between(control, row, documents.rows);
      fill(point, documents, row);
      graph.addPoint(point, row);
    }
    control.progress(documents.rows, documents.rows);
    return new HnswlibIndex(documents, largest, graph, efSearch);
  }

  /**
   * Reads what {@link save} wrote.
   *
   * @param efSearch breadth of the search; raised to k where it is less
   * @throws QuarryError `BadArtefact` where the file is not the graph of as many vectors of this dimension
   */
  static load(path: string, documents: Vectors, efSearch: number): HnswlibIndex {
    const largest = largestNorm(documents, 'documents');
    checkFile(path, documents);
    const graph = new hnswlib.HierarchicalNSW('ip', documents.dimension);
    try {
      graph.readIndexSync(path);
    } catch (cause) {
      throw new QuarryError(
        'BadArtefact',
        `${path}: hnswlib cannot read it (${cause instanceof Error ? cause.message : cause}); remove it from the cache and start the job again`,
        { cause },
      );
    }
    return new HnswlibIndex(documents, largest, graph, efSearch);
  }

  get size(): number {
    return this.#documents.rows;
  }

  save(path: string): boolean {
    this.#graph.writeIndexSync(path);
    return true;
  }

  async close(): Promise<void> {}

  async search(queries: Vectors, k: number, control: KernelControl): Promise<Hits> {
    const { data, dimension } = this.#documents;
    checkDimension(queries, dimension);
    checkProduct(largestNorm(queries, 'queries'), this.#largestNorm);
    const hits = emptyHits(queries.rows, k);
    const within = Math.min(k, this.size);
    if (within === 0) return hits;
    this.#graph.setEf(Math.max(this.#ef, within));
    const ranking = new Ranking(within);
    const point = nativePoint(dimension);
    for (let query = 0; query < queries.rows; query++) {
      if (query % BATCH === 0) await between(control, query, queries.rows);
      fill(point, queries, query);
      ranking.reset();
      for (const row of this.#graph.searchKnn(point, within).neighbors) {
        ranking.offer(row, dot(queries.data, query * dimension, data, row * dimension, dimension));
      }
      ranking.writeTo(hits, query, k);
    }
    control.progress(queries.rows, queries.rows);
    return hits;
  }
}

/** The addon takes plain arrays only; one that is allocated once costs a tenth of `Array.from`. */
function nativePoint(dimension: number): number[] {
  return new Array<number>(dimension).fill(0);
}

function fill(point: number[], { data, dimension }: Vectors, row: number): void {
  for (let i = 0, at = row * dimension; i < dimension; i++, at++) point[i] = data[at]!;
}

async function between(control: KernelControl, done: number, total: number): Promise<void> {
  control.progress(done, total);
  await new Promise(setImmediate);
  stopIfAborted(control);
}

/** hnswlib's header: six size_t (offset of links, capacity, count, bytes per element, of label, of vector), ... */
function checkFile(path: string, { rows, dimension }: Vectors): void {
  const file = openSync(path, 'r');
  try {
    const header = new DataView(new ArrayBuffer(48));
    const complete = readSync(file, header, 0, 48, 0) === 48;
    const [, , count = -1, perElement = 0, label = 0, vector = 0] = [0, 8, 16, 24, 32, 40].map((at) =>
      Number(header.getBigUint64(at, true)),
    );
    const long = fstatSync(file).size >= rows * perElement;
    if (complete && long && count === rows && label - vector === dimension * 4) return;
    throw new QuarryError(
      'BadArtefact',
      `${path}: a graph of ${count} vectors of dimension ${(label - vector) / 4}; expected ${rows} of dimension ${dimension}: remove it from the cache and start the job again`,
    );
  } finally {
    closeSync(file);
  }
}
