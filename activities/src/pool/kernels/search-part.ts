import { ExactIndex } from '../../index/exact-index.ts';
import { HnswlibIndex } from '../../index/hnswlib-index.ts';
import { scorePairs } from '../../index/score-pairs.ts';
import type { VectorIndex } from '../../index/vector-index.ts';
import { readVectors, type Vectors } from '../../index/vectors.ts';
import type { Kernel } from '../kernel.ts';

/** One index part as a thread loads it. */
export interface PartFiles {
  /** Names the part's content: a thread keeps the part that it searched last under it. */
  readonly key: string;
  /** Local `.npy` files, in the order of the part's shards. */
  readonly vectors: readonly string[];
  readonly dimension: number;
  /** Dense id of the part's first document. */
  readonly start: number;
  /** Local file of the HNSW graph; null searches exactly. */
  readonly graph: string | null;
  readonly efSearch: number;
}

export interface SearchPartInput {
  readonly part: PartFiles;
  /** A local `.npy` file, or the vectors themselves. */
  readonly queries: string | Vectors;
  readonly k: number;
  /** The pairs of the queries: query = row of `queries`, document = dense id. */
  readonly pairs: { readonly queries: Int32Array; readonly documents: Int32Array };
  /** Threads that one GEMM may use. */
  readonly threads: number;
}

/** Arrays as `search/<key>/` holds them. */
export interface SearchPartOutput {
  /** int32 [queries, k]: dense document ids, -1 padded */
  readonly ids: Int32Array;
  /** float32 [queries, k], -Infinity padded */
  readonly scores: Float32Array;
  /** float32 [pairs], NaN where the document is in another part */
  readonly positiveScores: Float32Array;
}

interface Loaded {
  readonly name: string;
  readonly vectors: Vectors;
  readonly index: VectorIndex;
}

let loaded: Loaded | null = null;

/**
 * Searches one part for some queries. The part stays loaded for the next call. Memory: the part's vectors (and its
 * graph, which holds them once more), the queries' vectors, queries x k x 8 bytes, and 32 MiB of GEMM blocks.
 */
export const run: Kernel<SearchPartInput, SearchPartOutput> = async (input, control) => {
  const { part, k, pairs } = input;
  const { vectors, index } = await load(part, input.threads);
  const queries =
    typeof input.queries === 'string' ? await readVectors([input.queries], part.dimension) : input.queries;
  const { ids, scores } = await index.search(queries, k, control);
  for (let i = 0; i < ids.length; i++) if (ids[i]! >= 0) ids[i]! += part.start;
  return { ids, scores, positiveScores: scorePairs(queries, vectors, part.start, pairs) };
};

async function load(part: PartFiles, threads: number): Promise<Loaded> {
  const name = JSON.stringify([part.key, part.graph !== null, part.efSearch, threads]);
  if (loaded?.name === name) return loaded;
  const before = loaded;
  loaded = null;
  await before?.index.close();
  const vectors = await readVectors(part.vectors, part.dimension);
  const index =
    part.graph === null
      ? await ExactIndex.over(vectors, threads)
      : HnswlibIndex.load(part.graph, vectors, part.efSearch);
  loaded = { name, vectors, index };
  return loaded;
}
