import { scorePairs } from '../../index/score-pairs.ts';
import { stopIfAborted } from '../../index/vector-index.ts';
import { largestNorm, readVectors } from '../../index/vectors.ts';
import type { Kernel } from '../kernel.ts';

export interface ScorePairsInput {
  /** Local `.npy` files of the part's vectors, in order. */
  readonly vectors: readonly string[];
  /** Local `.npy` file of the query shard's vectors. */
  readonly queries: string;
  readonly dimension: number;
  /** Dense id of the part's first document. */
  readonly start: number;
  /** Lists of pairs: query = row of `queries`, document = dense id. */
  readonly lists: readonly { readonly queries: Int32Array; readonly documents: Int32Array }[];
}

export interface ScorePairsOutput {
  /** float32 per list, NaN where the document lies in another part */
  readonly scores: readonly Float32Array[];
}

/** Scores given pairs against one part. Memory: the part's and the queries' vectors, and the lists. */
export const run: Kernel<ScorePairsInput, ScorePairsOutput> = async (input, control) => {
  const { dimension, start, lists } = input;
  const vectors = await readVectors(input.vectors, dimension);
  const queries = await readVectors([input.queries], dimension);
  largestNorm(vectors, `documents from ${start} on`);
  largestNorm(queries, 'queries');
  const scores: Float32Array[] = [];
  for (const [i, pairs] of lists.entries()) {
    stopIfAborted(control);
    scores.push(scorePairs(queries, vectors, start, pairs));
    control.progress(i + 1, lists.length);
  }
  return { scores };
};
