import { HnswlibIndex, type HnswParameters } from '../../index/hnswlib-index.ts';
import { readVectors } from '../../index/vectors.ts';
import type { Kernel } from '../kernel.ts';

export interface BuildGraphInput extends HnswParameters {
  /** Local `.npy` files of the part, in the order of its shards. */
  readonly vectors: readonly string[];
  readonly dimension: number;
  /** Local file to write the graph to. */
  readonly output: string;
}

/** Builds the HNSW graph of one part; gives the number of its vectors. */
export const run: Kernel<BuildGraphInput, number> = async (input, control) => {
  const vectors = await readVectors(input.vectors, input.dimension);
  const index = await HnswlibIndex.build(vectors, input, control);
  index.save(input.output);
  return index.size;
};
