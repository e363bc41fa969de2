import type { Job } from '@quarry/workflows';

/**
 * Exact search or a graph: a pure cost model, so that the same job picks the same engine on every machine.
 *
 * The figures are CPU seconds of one core, measured on an AMD EPYC with AVX-512 (2 cores, Node 20): Gemm + TopK through
 * onnxruntime reaches 71 GF/s, about half without AVX-512; hnswlib-node as npm builds it (SSE) adds a vector of 384
 * dimensions to a graph of 20,000 in 0.758 ms and searches it in 4.6 us per step of `efSearch` (1,536 dimensions:
 * 2.49 ms and 15 us; 100,000 vectors: 1.52 and 1.28 times as much).
 */
const COST = {
  /** Multiply-adds count twice; the figure of a core without AVX-512. */
  exactFlopsPerSecond: 35e9,
  /** Seconds to add one vector at the reference size. */
  build: 0.758e-3,
  /** Seconds per query and step of `efSearch` at the reference size. */
  searchPerStep: 4.6e-6,
  documents: 20_000,
  dimension: 384,
  dimensionExponent: 0.86,
  buildExponent: 0.26,
  searchExponent: 0.155,
} as const;

/** Vectors of an index part, in bytes: the plan makes none larger, and every part is searched by every query. */
export const MAX_PART_BYTES = 256 * 2 ** 20;

/** A graph misses candidates and exact search does not, so a graph must be this many times cheaper. */
const WORTH_IT = 2;

/** What is to be searched; `candidates` per query are 100 where they are not known yet. */
export interface SearchSize {
  readonly queries: number;
  readonly documents: number;
  readonly dimension: number;
  readonly candidates?: number;
}

export interface EngineChoice {
  readonly engine: 'exact' | 'hnswlib';
  /** The figures that decided, as one sentence. */
  readonly why: string;
}

/** The job's engine, or the cheaper one with `auto`. */
export function chooseEngine(search: Job['search'], size: SearchSize): EngineChoice {
  const { exact, hnswlib } = searchCost(search, size);
  const figures =
    `${size.queries} queries x ${size.documents} documents x ${size.dimension} dimensions: ` +
    `exact about ${seconds(exact)}, hnswlib about ${seconds(hnswlib)} of one core`;
  if (search.engine !== 'auto') return { engine: search.engine, why: `the job asks for it (${figures})` };
  return hnswlib * WORTH_IT <= exact
    ? { engine: 'hnswlib', why: `at least ${WORTH_IT} times cheaper (${figures})` }
    : { engine: 'exact', why: `recall 1, and no graph is ${WORTH_IT} times cheaper (${figures})` };
}

/** Seconds of one core that either engine takes, the building of the graph included. */
export function searchCost(search: Job['search'], size: SearchSize): { exact: number; hnswlib: number } {
  const { queries, documents, dimension } = size;
  const parts = Math.max(1, Math.ceil((documents * dimension * 4) / MAX_PART_BYTES));
  const growth = Math.max(1, documents / parts / COST.documents);
  const width = (dimension / COST.dimension) ** COST.dimensionExponent;
  const steps = search.efSearch ?? 2 * (size.candidates ?? 100);
  const links = (search.efConstruction / 200) * (search.m / 16) ** 0.5;
  const build = COST.build * width * links * growth ** COST.buildExponent;
  const perQuery = COST.searchPerStep * steps * width * growth ** COST.searchExponent * parts;
  return {
    exact: (queries * documents * 2 * dimension) / COST.exactFlopsPerSecond,
    hnswlib: documents * build + queries * perQuery,
  };
}

function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}
