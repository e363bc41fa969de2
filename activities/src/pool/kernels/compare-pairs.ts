import type { Range } from '@quarry/workflows';
import { stopIfAborted } from '../../index/vector-index.ts';
import { dotRows } from '../../mining/dot.ts';
import { LocalNpyWriter, readLocalRows } from '../../tables/local-npy.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';

export interface ComparePairsInput {
  /** Queries of the shard. */
  readonly queries: Range;
  /** Candidates per query. */
  readonly k: number;
  readonly dimension: number;
  /** merge: local `.npy` int32 [q, k] */
  readonly ids: string;
  /** Pair vectors of the shard's queries: local `.npy` float32 [q, dimension] */
  readonly own: string;
  /** Pair vectors of all documents. */
  readonly documents: readonly ShardVectors[];
  /** Local path to write to: `.npy` float32 [q, k], NaN where there is no candidate */
  readonly output: string;
}

/** Candidates compared at once. */
export const BLOCK_SLOTS = 1 << 16;

/**
 * How alike the anchor's pair and each candidate's pair are: one fixed-order inner product of their pair vectors.
 * Memory: 65,536 candidates (one query where it has more) at 16 bytes, and up to 128 MiB of vectors.
 */
export const run: Kernel<ComparePairsInput, number> = (input, control) => {
  const { queries, k, dimension: d } = input;
  const rows = queries.end - queries.start;
  const vectors = new VectorFiles(input.documents, d);
  const output = new LocalNpyWriter(input.output, '<f4', k);
  const step = Math.max(1, Math.floor(BLOCK_SLOTS / k));
  for (let start = 0; start < rows; start += step) {
    stopIfAborted(control);
    const end = Math.min(start + step, rows);
    const ids = readLocalRows(input.ids, start, end, new Int32Array((end - start) * k));
    const own = readLocalRows(input.own, start, end, new Float32Array((end - start) * d));
    output.append(compareBlock({ ids, own, k, d }, vectors));
    control.progress(end, rows);
  }
  output.finish();
  return rows;
};

/** Some queries and their candidates. */
interface Block {
  readonly ids: Int32Array;
  /** float32 [queries, d] */
  readonly own: Float32Array;
  readonly k: number;
  readonly d: number;
}

/** float32 [queries, k]: one inner product per candidate, NaN where there is none. */
export function compareBlock({ ids, own, k, d }: Block, vectors: VectorFiles): Float32Array {
  const scores = new Float32Array(ids.length).fill(Number.NaN);
  const needed = ids.filter((id) => id >= 0).sort();
  const anchor = new Float64Array(d);
  for (const { start, end, vectors: documents } of vectors.windows(needed)) {
    for (let first = 0; first < ids.length; first += k) {
      const slots: number[] = [];
      for (let slot = first; slot < first + k; slot++)
        if (ids[slot]! >= start && ids[slot]! < end) slots.push(slot);
      const rows = Int32Array.from(slots, (slot) => ids[slot]! - start);
      const found = new Float32Array(rows.length);
      anchor.set(own.subarray((first / k) * d, (first / k + 1) * d));
      dotRows(anchor, documents, rows, 0, rows.length, found);
      slots.forEach((slot, i) => {
        scores[slot] = found[i]!;
      });
    }
  }
  return scores;
}
