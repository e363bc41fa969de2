import { writeFileSync } from 'node:fs';
import type { Range } from '@quarry/workflows';
import { stopIfAborted } from '../../index/vector-index.ts';
import type { Saha } from '../../mining/anchor.ts';
import { type Claims, noClaims } from '../../mining/claims.ts';
import { type ClusterFigures, ClusterRows } from '../../mining/cluster-rows.ts';
import { type MiningFigures, MiningTally, type TableRows } from '../../mining/mining-tally.ts';
import type { Pairs } from '../../mining/pairs.ts';
import { formClusters } from '../../mining/saha.ts';
import { judgeShard, type SahaVerdicts, type ScoredShard } from '../../mining/shard-verdicts.ts';
import { type CandidateFile, CandidateFiles } from '../../tables/candidate-files.ts';
import { readLocalRows } from '../../tables/local-npy.ts';
import { nearestOwnerIn } from '../../tables/nearest-owner.ts';
import { encodeNpy, type NpyArray } from '../../tables/npy.ts';
import type { OwnerFiles } from '../../tables/owner-files.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel, KernelControl } from '../kernel.ts';

export interface FormClustersInput {
  readonly topK: number;
  readonly poolMultiplier: number;
  readonly classification: boolean;
  readonly keepUnowned: boolean;
  readonly numNegatives: number;
  readonly queries: number;
  /** The group's pairs, as places in data-set order. */
  readonly rows: Range;
  /** Candidates per query. */
  readonly k: number;
  readonly dimension: number;
  readonly ownersListed: number;
  /** Local `.npy` files of the plan. */
  readonly pairs: { readonly [Field in keyof Pairs]: string };
  readonly owners: OwnerFiles;
  readonly vectors: readonly ShardVectors[];
  readonly shards: readonly ShardFiles[];
  /** Local paths to write to. */
  readonly output: { readonly clusters: string; readonly ownerScores: string };
}

/** The files of one query shard: what is read, and under `output` what is written; null where no verdicts are. */
export interface ShardFiles extends CandidateFile {
  readonly scores: string;
  readonly positiveScores: string;
  readonly output: {
    readonly reasons: string;
    readonly kept: string;
    readonly pairs: string;
    readonly owners: string;
    readonly ownerScores: string;
  } | null;
}

export interface FormClustersOutput extends MiningFigures, ClusterFigures {
  /** Rows of `clusters.npy`. */
  readonly clusterRows: number;
  /** Share of the kept candidates that have no owner. */
  readonly unownedShare: number;
  /** Rows of each query shard. */
  readonly shards: readonly TableRows[];
}

/**
 * SaHa's sequential claim and the final verdicts. Memory: 17 bytes per query, 24 per pair, 20 per row of the clusters;
 * of the candidates what {@link CandidateFiles} holds, at the end one query shard (18 bytes per candidate); up to 128 MiB
 * of query vectors, only where a list of owners was cut off.
 */
export const run: Kernel<FormClustersInput, FormClustersOutput> = (input, control) => {
  const saha = sahaOver(input);
  const claims = noClaims(input.queries);
  const clusters = new ClusterRows();
  const step = (done: number): void => {
    if (done % 256 !== 0) return;
    stopIfAborted(control);
    control.progress(done, workOf(input));
  };
  for (const cluster of formClusters(saha, claims, step, input.rows)) clusters.add(cluster);
  writeClusters(input.output, clusters);
  const verdicts = judge(input, saha, claims, control);
  return { ...verdicts, ...clusters.figures(), clusterRows: clusters.count };
};

/** Puts out the clusters' rows. */
export function writeClusters(output: FormClustersInput['output'], clusters: ClusterRows): void {
  write(output.clusters, clusters.rows, [clusters.count, 4]);
  write(output.ownerScores, clusters.ownerScores, [clusters.count]);
}

/** The pairs of the plan. */
export function readPairs({ pairs, owners, queries }: FormClustersInput): Pairs {
  const read = (path: string, length: number): Int32Array =>
    readLocalRows(path, 0, length, new Int32Array(length));
  return {
    pairQuery: read(pairs.pairQuery, owners.pairs),
    pairDocument: read(pairs.pairDocument, owners.pairs),
    pairRow: read(pairs.pairRow, owners.pairs),
    queryPairs: read(pairs.queryPairs, queries + 1),
  };
}

/** SaHa's view of the files. */
function sahaOver(input: FormClustersInput): Saha {
  const { topK, poolMultiplier, classification, ownersListed, k, owners } = input;
  const candidates = new CandidateFiles(input.shards, k);
  return {
    topK,
    poolMultiplier,
    classification,
    form: 'strict',
    pairs: readPairs(input),
    candidates: (query) => candidates.of(query),
    ownersListed,
    nearestOwner: nearestOwnerIn(owners, new VectorFiles(input.vectors, input.dimension)),
  };
}

/** The final verdicts, shard by shard. */
function judge(
  input: FormClustersInput,
  saha: Saha,
  claims: Claims,
  control: KernelControl,
): MiningFigures & Pick<FormClustersOutput, 'unownedShare' | 'shards'> {
  const tally = new MiningTally(input.numNegatives);
  const shards: TableRows[] = [];
  let unowned = 0;
  for (const files of input.shards) {
    stopIfAborted(control);
    const rows = files.end - files.start;
    const before = tally.rows;
    const verdicts = judgeShard(saha, claims, readShard(input, saha, files), input.keepUnowned, tally);
    shards.push(rowsSince(before, tally.rows));
    unowned += verdicts.keptUnowned;
    if (files.output) writeVerdicts(files.output, verdicts, rows, input);
    control.progress(2 * (input.rows.end - input.rows.start) + files.end, workOf(input));
  }
  const figures = tally.figures();
  return { ...figures, unownedShare: unowned / Math.max(1, figures.funnel.kept), shards };
}

function writeVerdicts(
  output: NonNullable<ShardFiles['output']>,
  verdicts: SahaVerdicts,
  rows: number,
  { k, topK }: FormClustersInput,
): void {
  write(output.reasons, verdicts.reasons, [rows, k]);
  write(output.kept, verdicts.kept, [rows, topK]);
  write(output.pairs, verdicts.pairs, [rows]);
  write(output.owners, verdicts.owners, [rows, k]);
  write(output.ownerScores, verdicts.ownerScores, [rows, k]);
}

function readShard({ k }: FormClustersInput, { pairs }: Saha, files: ShardFiles): ScoredShard {
  const { start, end } = files;
  const rows = end - start;
  const positives = pairs.queryPairs[end]! - pairs.queryPairs[start]!;
  return {
    start,
    end,
    k,
    documents: readLocalRows(files.ids, 0, rows, new Int32Array(rows * k)),
    scores: readLocalRows(files.scores, 0, rows, new Float32Array(rows * k)),
    positiveScores: readLocalRows(files.positiveScores, 0, positives, new Float32Array(positives)),
  };
}

/** Both phases look at every pair, then every query is judged. */
function workOf({ rows, shards }: FormClustersInput): number {
  return 2 * (rows.end - rows.start) + (shards.at(-1)?.end ?? 0);
}

function rowsSince(before: TableRows, now: TableRows): TableRows {
  return {
    triplet: now.triplet - before.triplet,
    'n-tuple': now['n-tuple'] - before['n-tuple'],
    candidates: now.candidates - before.candidates,
  };
}

function write(path: string, data: NpyArray, shape: readonly number[]): void {
  writeFileSync(path, encodeNpy(data, shape));
}
