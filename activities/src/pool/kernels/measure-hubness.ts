import type { Range } from '@quarry/workflows';
import { stopIfAborted } from '../../index/vector-index.ts';
import { Hubness, NEIGHBOURS } from '../../mining/hubness.ts';
import { LocalNpyWriter, readLocalRows } from '../../tables/local-npy.ts';
import type { NpyArray } from '../../tables/npy.ts';
import type { Kernel } from '../kernel.ts';

export interface MeasureHubnessInput {
  readonly documents: number;
  readonly queries: number;
  /** Candidates per query. */
  readonly k: number;
  readonly shards: readonly HubnessShard[];
  /** plan: local `.npy` int32 [queries, 2] */
  readonly self: string;
  /** Local paths to write to. */
  readonly output: {
    readonly documents: string;
    readonly queries: string;
    readonly nearest: string;
    readonly lists: string;
  };
}

/** One query shard's lists: local `.npy`, ids int32 [q, k], scores float32 [q, k]. */
export interface HubnessShard extends Range {
  readonly ids: string;
  readonly scores: string;
}

/** Queries read at once. */
const BLOCK_ROWS = 1024;

/** {@link Hubness} over the lists of all query shards. Memory: 52 bytes per document, 4 per query, 1,024 lists. */
export const run: Kernel<MeasureHubnessInput, number> = (input, control) => {
  const { k } = input;
  const hubness = new Hubness(input.documents, input.queries);
  for (const shard of input.shards) {
    const rows = shard.end - shard.start;
    for (let start = 0; start < rows; start += BLOCK_ROWS) {
      stopIfAborted(control);
      const end = Math.min(start + BLOCK_ROWS, rows);
      const slots = (end - start) * k;
      const ids = readLocalRows(shard.ids, start, end, new Int32Array(slots));
      const scores = readLocalRows(shard.scores, start, end, new Float32Array(slots));
      const [first, last] = [shard.start + start, shard.start + end];
      const self = readLocalRows(input.self, first, last, new Int32Array(2 * (end - start)));
      for (let row = 0; row < end - start; row++) {
        const documents = ids
          .subarray(row * k, (row + 1) * k)
          .map((id) => (id === self[2 * row] || id === self[2 * row + 1] ? -1 : id));
        hubness.add(first + row, documents, scores.subarray(row * k, (row + 1) * k));
      }
      control.progress(last, input.queries);
    }
  }
  const { output } = input;
  put(output.documents, '<f4', hubness.documents());
  put(output.queries, '<f4', hubness.queries);
  put(output.nearest, '<f4', hubness.nearest, NEIGHBOURS);
  put(output.lists, '<i4', hubness.lists);
  return input.documents;
};

/** Writes an array as it lies in memory, without a copy. */
function put(path: string, dtype: '<i4' | '<f4', data: NpyArray, width: number | null = null): void {
  const file = new LocalNpyWriter(path, dtype, width);
  file.append(data);
  file.finish();
}
