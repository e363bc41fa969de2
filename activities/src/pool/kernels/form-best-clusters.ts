import { stopIfAborted } from '../../index/vector-index.ts';
import type { CleanPairs } from '../../mining/clean-clusters/clean-pairs.ts';
import { formCleanClusters } from '../../mining/clean-clusters/form-clean-clusters.ts';
import { type PairRuleParts, pairExcess } from '../../mining/clean-clusters/pair-excess.ts';
import { type ClusterFigures, ClusterRows } from '../../mining/cluster-rows.ts';
import { dot } from '../../mining/dot.ts';
import type { Pairs } from '../../mining/pairs.ts';
import { CandidateFiles } from '../../tables/candidate-files.ts';
import { readLocalRows } from '../../tables/local-npy.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';
import { type FormClustersInput, readPairs, writeClusters } from './form-clusters.ts';

export interface FormBestClustersInput extends FormClustersInput {
  readonly documents: number;
  /** filter: local `.npy` uint8 [q, k] of each query shard, the final verdicts */
  readonly verdicts: readonly string[];
  /** Pair vectors of both sides. */
  readonly queryPairs: readonly ShardVectors[];
  readonly documentPairs: readonly ShardVectors[];
  /** Local `.npy` float32 [Q], float32 [D] */
  readonly hubness: { readonly queries: string; readonly documents: string };
  /** Local `.npy` of the plan: int32 [Q, 2] */
  readonly self: string;
  /** Local `.npy` of the plan: int32 [Q + 1], int32 [entries]; null without a previous round that promoted some. */
  readonly promoted: {
    readonly offsets: string;
    readonly documents: string;
    readonly entries: number;
  } | null;
  /** Threshold of the pair rule. */
  readonly above: number;
}

export interface FormBestClustersOutput extends ClusterFigures {
  readonly clusterRows: number;
  /** Share of the kept candidates that have no owner. */
  readonly unownedShare: number;
}

/**
 * Clusters of which every two members are clean for each other ({@link formCleanClusters}). Memory: 24 bytes per query, 4
 * per document, 32 per pair, 20 per row of the clusters, 4 per promoted document, what {@link CandidateFiles} holds, and up
 * to 384 MiB of vectors.
 */
export const run: Kernel<FormBestClustersInput, FormBestClustersOutput> = (input, control) => {
  const clusters = new ClusterRows();
  const step = (done: number): void => {
    if (done % 64 !== 0) return;
    stopIfAborted(control);
    control.progress(done, input.rows.end - input.rows.start);
  };
  for (const cluster of formCleanClusters(pairSpace(input), step, input.rows)) clusters.add(cluster);
  writeClusters(input.output, clusters);
  return { ...clusters.figures(), clusterRows: clusters.count, unownedShare: unownedShare(input) };
};

/** The view of {@link formCleanClusters} on the files. */
function pairSpace(input: FormBestClustersInput): CleanPairs {
  const { topK, k, queries, self, promoted, dimension } = input;
  const pairs = readPairs(input);
  const candidates = new CandidateFiles(input.shards, k);
  const vectors = new VectorFiles(input.vectors, dimension);
  const rule = pairRule(input, pairs);
  const ints = (path: string, length: number): Int32Array =>
    readLocalRows(path, 0, length, new Int32Array(length));
  return {
    topK,
    pairs,
    candidates: (query) => candidates.of(query),
    self: readLocalRows(self, 0, queries, new Int32Array(2 * queries)),
    promoted: promoted && {
      offsets: ints(promoted.offsets, queries + 1),
      documents: ints(promoted.documents, promoted.entries),
    },
    excess: (anchor, other) => pairExcess(rule, anchor, other),
    similarity: (query, other) => {
      const [a, b] = [vectors.around(query), vectors.around(other)];
      const [from, to] = [(query - a.start) * dimension, (other - b.start) * dimension];
      return dot(a.vectors, from, b.vectors, to, dimension);
    },
  };
}

function pairRule(input: FormBestClustersInput, pairs: Pairs): PairRuleParts {
  const { queries, documents, dimension, hubness, above } = input;
  const own = new VectorFiles(input.queryPairs, dimension);
  const others = new VectorFiles(input.documentPairs, dimension);
  return {
    pairs,
    dimension,
    query: (query) => own.around(query),
    document: (document) => others.around(document),
    queryHubness: readLocalRows(hubness.queries, 0, queries, new Float32Array(queries)),
    documentHubness: readLocalRows(hubness.documents, 0, documents, new Float32Array(documents)),
    above,
  };
}

function unownedShare({ shards, verdicts, k }: FormBestClustersInput): number {
  let kept = 0;
  let unowned = 0;
  for (const [shard, { start, end, ownerOffsets }] of shards.entries()) {
    const slots = (end - start) * k;
    const reasons = readLocalRows(verdicts[shard]!, 0, end - start, new Uint8Array(slots));
    const offsets = readLocalRows(ownerOffsets, 0, slots + 1, new Int32Array(slots + 1));
    for (let slot = 0; slot < slots; slot++) {
      if (reasons[slot] !== 0) continue;
      kept++;
      if (offsets[slot] === offsets[slot + 1]) unowned++;
    }
  }
  return unowned / Math.max(1, kept);
}
