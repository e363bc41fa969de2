import { stopIfAborted } from '../../index/vector-index.ts';
import { noClaims } from '../../mining/claims.ts';
import { type ClusterFigures, ClusterRows } from '../../mining/cluster-rows.ts';
import { passMutually } from '../../mining/mutual-pairs.ts';
import { formClusters } from '../../mining/saha.ts';
import { readLocalRows } from '../../tables/local-npy.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';
import { type FormClustersInput, sahaOver, writeClusters } from './form-clusters.ts';

export interface FormBestClustersInput extends FormClustersInput {
  readonly documents: number;
  /** filter: local `.npy` uint8 [q, k] of each query shard, the final verdicts */
  readonly verdicts: readonly string[];
  /** Pair vectors of both sides. */
  readonly queryPairs: readonly ShardVectors[];
  readonly documentPairs: readonly ShardVectors[];
  /** Local `.npy` float32 [Q], float32 [D] */
  readonly hubness: { readonly queries: string; readonly documents: string };
  /** Threshold of the pair rule. */
  readonly above: number;
}

export interface FormBestClustersOutput extends ClusterFigures {
  readonly clusterRows: number;
  /** Share of the kept candidates that have no owner. */
  readonly unownedShare: number;
}

/**
 * Clusters under the symmetric pair rule: SaHa's sequential claim over the candidates that passed the chain, in rank
 * order and to the last of them, where every two members must pass the rule in both directions. Nothing else is kept, so a cluster that finds
 * fewer than K stays small instead of going unfiltered. Memory: that of `form-clusters`, 4 bytes per query and document,
 * and up to 256 MiB of pair vectors.
 */
export const run: Kernel<FormBestClustersInput, FormBestClustersOutput> = (input, control) => {
  const own = new VectorFiles(input.queryPairs, input.dimension);
  const others = new VectorFiles(input.documentPairs, input.dimension);
  const saha = sahaOver({ ...input, classification: true, poolMultiplier: Math.ceil(input.k / input.topK) });
  const { queries, documents } = input;
  const parts = {
    pairs: saha.pairs,
    dimension: input.dimension,
    query: (query: number) => own.around(query),
    document: (document: number) => others.around(document),
    queryHubness: readLocalRows(input.hubness.queries, 0, queries, new Float32Array(queries)),
    documentHubness: readLocalRows(input.hubness.documents, 0, documents, new Float32Array(documents)),
    above: input.above,
  };
  const clusters = new ClusterRows();
  const step = (done: number): void => {
    if (done % 256 !== 0) return;
    stopIfAborted(control);
    control.progress(done, 2 * (input.rows.end - input.rows.start));
  };
  const compatible = (a: number, b: number): boolean => passMutually(parts, a, b);
  const claimed = formClusters({ ...saha, compatible }, noClaims(queries), step, input.rows);
  for (const cluster of claimed) clusters.add(cluster);
  writeClusters(input.output, clusters);
  return { ...clusters.figures(), clusterRows: clusters.count, unownedShare: unownedShare(input) };
};

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
