import type { Range } from '@quarry/workflows';
import { stopIfAborted } from '../../index/vector-index.ts';
import { type HidingRow, hidingRows } from '../../mining/calibrate/hiding-rows.ts';
import { dot } from '../../mining/dot.ts';
import type { PairMetric } from '../../mining/pair-metric.ts';
import { bundleRows, MOST_PARTNERS } from '../../mining/pair-vectors.ts';
import { gatherVectors } from '../../tables/gather-vectors.ts';
import { LocalNpyWriter, readLocalRows } from '../../tables/local-npy.ts';
import { type MetricFiles, readMetric } from '../../tables/metric-files.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';
import { BLOCK_SLOTS, compareBlock } from './compare-pairs.ts';

/** A query shard's candidates, some of them positives that are to be hidden. */
export interface HiddenPairsInput {
  /** Queries of the shard. */
  readonly queries: Range;
  /** Candidates per query. */
  readonly k: number;
  readonly dimension: number;
  /** merge: local `.npy` int32 [q, k] */
  readonly ids: string;
  /** Positives of the shard's queries. */
  readonly positives: { readonly offsets: Int32Array; readonly documents: Int32Array };
  readonly seed: number;
  readonly queryVectors: readonly ShardVectors[];
  readonly documentVectors: readonly ShardVectors[];
  /** Pair vectors of all documents. */
  readonly documentPairs: readonly ShardVectors[];
  readonly metric: MetricFiles;
  /** Local path to write to: `.npy` float32 [q, k] */
  readonly output: string;
}

interface Files {
  readonly metric: PairMetric;
  readonly queries: VectorFiles;
  readonly documents: VectorFiles;
  readonly documentPairs: VectorFiles;
}

/**
 * How alike anchors' and candidates' pairs would be if half of the positives were not known: the anchor stands with the
 * others alone, a hidden positive without any owner. NaN for queries that hide none. The metric still knows all pairs.
 *
 * Memory: as `compare-pairs`, up to 512 MiB of vectors in all, and 12 bytes per dimension and hidden positive of a block.
 */
export const run: Kernel<HiddenPairsInput, number> = (input, control) => {
  const { queries, k, dimension: d } = input;
  const files: Files = {
    metric: readMetric(input.metric),
    queries: new VectorFiles(input.queryVectors, d),
    documents: new VectorFiles(input.documentVectors, d),
    documentPairs: new VectorFiles(input.documentPairs, d),
  };
  const output = new LocalNpyWriter(input.output, '<f4', k);
  for (const { start, end, ids, hiding } of hidingBlocks(input)) {
    stopIfAborted(control);
    const values = new Float32Array(ids.length).fill(Number.NaN);
    if (hiding.length > 0) {
      const scores = compareHiding(files, { start, k, ids }, hiding);
      for (const [i, { row }] of hiding.entries()) values.set(scores.subarray(i * k, (i + 1) * k), row * k);
    }
    output.append(values);
    control.progress(end - queries.start, queries.end - queries.start);
  }
  output.finish();
  return queries.end - queries.start;
};

/** A shard's queries block by block. */
function* hidingBlocks({ queries, k, ids, positives, seed }: HiddenPairsInput) {
  const step = Math.max(1, Math.floor(BLOCK_SLOTS / k));
  for (let start = queries.start; start < queries.end; start += step) {
    const end = Math.min(start + step, queries.end);
    const [first, last] = [start - queries.start, end - queries.start];
    const block = readLocalRows(ids, first, last, new Int32Array((end - start) * k));
    const own = { ...positives, offsets: positives.offsets.subarray(first, last + 1) };
    yield { start, end, ids: block, hiding: hidingRows({ k, ids: block, positives: own, seed }) };
  }
}

/** float32 [hiding, k] */
function compareHiding(
  files: Files,
  { start, k, ids }: { readonly start: number; readonly k: number; readonly ids: Int32Array },
  hiding: readonly HidingRow[],
): Float32Array {
  const { metric, queries, documents } = files;
  const d = metric.dimension;
  const numbers = Int32Array.from(hiding, ({ row }) => start + row);
  const known = firstPartners(hiding.map(({ visible }) => visible));
  const anchors = bundleRows(metric, {
    own: gatherVectors(queries, numbers),
    mean: metric.queryMean,
    partners: gatherVectors(documents, known.ids),
    partnersMean: metric.documentMean,
    offsets: known.offsets,
  });
  const own = new Int32Array(hiding.length * k);
  for (const [i, { row }] of hiding.entries()) own.set(ids.subarray(row * k, (row + 1) * k), i * k);
  const scores = compareBlock({ ids: own, own: anchors, k, d }, files.documentPairs);
  const slots = hiding.flatMap(({ hidden }, i) => hidden.map((place) => i * k + place));
  const unknown = bundleRows(metric, {
    own: gatherVectors(
      documents,
      Int32Array.from(slots, (slot) => own[slot]!),
    ),
    mean: metric.documentMean,
    partners: new Float32Array(0),
    partnersMean: metric.queryMean,
    offsets: new Int32Array(slots.length + 1),
  });
  slots.forEach((slot, i) => {
    scores[slot] = dot(anchors, Math.floor(slot / k) * d, unknown, i * d, d);
  });
  return scores;
}

/** The first partners of each row, end to end. */
function firstPartners(partners: readonly Int32Array[]): {
  readonly offsets: Int32Array;
  readonly ids: Int32Array;
} {
  const offsets = new Int32Array(partners.length + 1);
  const ids = partners.flatMap((own, row) => {
    const first = own.subarray(0, MOST_PARTNERS);
    offsets[row + 1] = offsets[row]! + first.length;
    return [...first];
  });
  return { offsets, ids: Int32Array.from(ids) };
}
