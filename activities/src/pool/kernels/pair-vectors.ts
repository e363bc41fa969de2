import type { Range, Side } from '@quarry/workflows';
import { stopIfAborted } from '../../index/vector-index.ts';
import { bundleRows, MOST_PARTNERS } from '../../mining/pair-vectors.ts';
import { gatherVectors } from '../../tables/gather-vectors.ts';
import { LocalNpyWriter, readLocalRows } from '../../tables/local-npy.ts';
import { type MetricFiles, readMetric } from '../../tables/metric-files.ts';
import { type OwnerFiles, readOwners } from '../../tables/owner-files.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';

export interface PairVectorsInput {
  readonly side: Side;
  /** Rows of the shard. */
  readonly rows: Range;
  /** The shard's own vectors. */
  readonly own: string;
  readonly dimension: number;
  /** Vectors of the other side. */
  readonly others: readonly ShardVectors[];
  /** Of a query its positives; of a document its owners, or null where owners are no evidence. */
  readonly partners: { readonly offsets: Int32Array; readonly ids: Int32Array } | OwnerFiles | null;
  readonly metric: MetricFiles;
  /** Local path to write to: `.npy` float32 [rows, dimension] */
  readonly output: string;
}

/** Rows at once. */
const BLOCK_ROWS = 1024;

/**
 * What a pair looks like under the metric: of a query, itself and the mean of its positives; of a document, itself and
 * the mean of its owners (the first 32), where it has any. Memory: 1,024 rows at 12 bytes per dimension, their partners'
 * vectors (32 each at most), and what {@link VectorFiles} holds.
 */
export const run: Kernel<PairVectorsInput, number> = (input, control) => {
  const { rows, dimension: d, side } = input;
  const metric = readMetric(input.metric);
  const [mean, partnersMean] =
    side === 'query' ? [metric.queryMean, metric.documentMean] : [metric.documentMean, metric.queryMean];
  const others = new VectorFiles(input.others, d);
  const output = new LocalNpyWriter(input.output, '<f4', d);
  const count = rows.end - rows.start;
  for (let start = 0; start < count; start += BLOCK_ROWS) {
    stopIfAborted(control);
    const end = Math.min(start + BLOCK_ROWS, count);
    const own = readLocalRows(input.own, start, end, new Float32Array((end - start) * d));
    const { offsets, ids } = partnersOf(input, start, end);
    const partners = gatherVectors(others, ids);
    output.append(bundleRows(metric, { own, mean, partners, partnersMean, offsets }));
    control.progress(end, count);
  }
  output.finish();
  return count;
};

/** The partners of rows [start, end), the first 32 of each. */
function partnersOf(
  { partners, rows }: PairVectorsInput,
  start: number,
  end: number,
): { readonly offsets: Int32Array; readonly ids: Int32Array } {
  if (!partners) return { offsets: new Int32Array(end - start + 1), ids: new Int32Array(0) };
  if ('ids' in partners) return firstOf(partners.offsets.subarray(start, end + 1), partners.ids);
  const documents = Int32Array.from({ length: end - start }, (_, i) => rows.start + start + i);
  const { offsets, queries } = readOwners(partners, documents);
  return firstOf(offsets, queries);
}

function firstOf(bounds: Int32Array, all: Int32Array) {
  const offsets = new Int32Array(bounds.length);
  const ids: number[] = [];
  for (let row = 0; row + 1 < bounds.length; row++) {
    const last = Math.min(bounds[row + 1]!, bounds[row]! + MOST_PARTNERS);
    for (let i = bounds[row]!; i < last; i++) ids.push(all[i]!);
    offsets[row + 1] = ids.length;
  }
  return { offsets, ids: Int32Array.from(ids) };
}
