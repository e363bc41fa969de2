import type { KernelControl } from '../pool/kernel.ts';
import type { Vectors } from './vectors.ts';

/** The best candidates of some queries. */
export interface Hits {
  /** int32 [queries, k]: rows of the index, -1 where there are fewer than k */
  readonly ids: Int32Array;
  /** float32 [queries, k]: inner products ({@link dot}), -Infinity where there are fewer than k */
  readonly scores: Float32Array;
}

/**
 * Inner product search over the vectors of one part. It blocks its thread, so it lives in pool kernels only. Every
 * score that it gives is the fixed-order dot product; hits are ordered by (score descending, row ascending).
 *
 * @throws QuarryError `BadVectors` for vectors that are not finite or of another dimension, before native code sees them
 */
export interface VectorIndex {
  /** Number of vectors. */
  readonly size: number;
  /** The k best rows for each query; looks at `control.aborted` many times a second. */
  search(queries: Vectors, k: number, control: KernelControl): Promise<Hits>;
  /** Writes to a local file what the vectors alone do not hold; false where there is nothing (`exact`). */
  save(path: string): boolean;
  /** Gives native memory back. */
  close(): Promise<void>;
}

/** Arrays for the hits of `queries` queries, all places empty. */
export function emptyHits(queries: number, k: number): Hits {
  return { ids: new Int32Array(queries * k).fill(-1), scores: new Float32Array(queries * k).fill(-Infinity) };
}

/** Thrown inside a kernel whose call is no longer wanted; the pool reports the signal's own reason instead. */
export function stopIfAborted(control: KernelControl): void {
  if (control.aborted) throw new Error('the call is no longer wanted');
}
