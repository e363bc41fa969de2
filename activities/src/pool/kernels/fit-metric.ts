import { writeFileSync } from 'node:fs';
import { stopIfAborted } from '../../index/vector-index.ts';
import { dot } from '../../mining/dot.ts';
import { PairCovariance, type PairMetric } from '../../mining/pair-metric.ts';
import { addCentred, whitenRows } from '../../mining/pair-vectors.ts';
import { gatherVectors } from '../../tables/gather-vectors.ts';
import { encodeNpy } from '../../tables/npy.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';

export interface FitMetricInput {
  /** int32: queries and documents of the known pairs that are looked at, in order */
  readonly queries: Int32Array;
  readonly documents: Int32Array;
  /** int32: two queries that own one document, some such */
  readonly sharing: readonly [Int32Array, Int32Array];
  readonly dimension: number;
  readonly queryVectors: readonly ShardVectors[];
  readonly documentVectors: readonly ShardVectors[];
  /** Local paths to write to. */
  readonly output: { readonly means: string; readonly whitening: string; readonly known: string };
}

export interface FitMetricOutput {
  readonly pairs: number;
  /** Documents whose owners were compared. */
  readonly shared: number;
  /** Mean cosine of two owners of one document, null where no document has two. */
  readonly alike: number | null;
}

/**
 * Fits the metric to known pairs, and scores those pairs under it as if they were not known (`known`, float32 [pairs]:
 * cosine of query and document, each alone). Memory: 24 bytes per dimension squared; twice 4 x dimension bytes per
 * pair; of vectors what {@link VectorFiles} holds.
 */
export const run: Kernel<FitMetricInput, FitMetricOutput> = (input, control) => {
  const { dimension: d, queries, documents } = input;
  const own = gatherVectors(new VectorFiles(input.queryVectors, d), queries);
  const other = gatherVectors(new VectorFiles(input.documentVectors, d), documents);
  const covariance = new PairCovariance(d);
  for (let pair = 0; pair < queries.length; pair++) {
    covariance.add(own.subarray(pair * d, (pair + 1) * d), other.subarray(pair * d, (pair + 1) * d));
    if (pair % 64 !== 0) continue;
    stopIfAborted(control);
    control.progress(pair, queries.length);
  }
  const metric = covariance.metric();
  const { means, whitening, known } = input.output;
  writeFileSync(means, encodeNpy(Float64Array.of(...metric.queryMean, ...metric.documentMean), [2, d]));
  writeFileSync(whitening, encodeNpy(metric.whitening, [d, d]));
  const a = whitened(metric, own, metric.queryMean);
  const b = whitened(metric, other, metric.documentMean);
  const scores = Float32Array.from(queries, (_, pair) => dot(a, pair * d, b, pair * d, d));
  writeFileSync(known, encodeNpy(scores));
  return { pairs: queries.length, ...alikeness(input) };
};

/** How alike queries of one document are: owners are evidence where they are (shared baselines, section 6). */
function alikeness({ sharing: [a, b], queryVectors, dimension: d }: FitMetricInput) {
  const one = gatherVectors(new VectorFiles(queryVectors, d), a);
  const other = gatherVectors(new VectorFiles(queryVectors, d), b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const norms = Math.sqrt(dot(one, i * d, one, i * d, d) * dot(other, i * d, other, i * d, d));
    if (norms > 0) sum += dot(one, i * d, other, i * d, d) / norms;
  }
  return { shared: a.length, alike: a.length === 0 ? null : sum / a.length };
}

function whitened(metric: PairMetric, vectors: Float32Array, mean: Float64Array): Float32Array {
  const d = metric.dimension;
  const into = new Float32Array(vectors.length);
  const row = new Float64Array(d);
  for (let i = 0; i < vectors.length; i += d) {
    row.fill(0);
    addCentred(row, 0, vectors.subarray(i, i + d), mean, 1);
    whitenRows(metric, row, into.subarray(i, i + d));
  }
  return into;
}
