import type { Range, RunRef } from '@quarry/workflows';
import { type NpyRows, readNpyRows } from '../tables/npy-rows.ts';
import { PLAN_FILES, planDirectory, type RunDocument } from './run-document.ts';
import type { Dependencies } from './stage-context.ts';

/** The pairs of one query shard, cut out of the plan's arrays; memory: those rows. */
export interface ShardPairs {
  /** Index of its first pair among all pairs. */
  readonly first: number;
  /** int32 [q + 1]: the pairs of row i of the shard are entries [offsets[i], offsets[i + 1]) */
  readonly offsets: Int32Array;
  /** int32 [P_s]: dense document ids */
  readonly documents: Int32Array;
}

/** What a ranking of known positives needs beside the pairs. */
export interface ShardJudgements extends ShardPairs {
  /** float32 [P_s] */
  readonly relevance: Float32Array;
  /** int32 [q, 2]: documents that are the query itself, -1 = none */
  readonly self: Int32Array;
}

/** Reads them by ranged reads. */
export async function readShardPairs(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  { start, end }: Range,
): Promise<ShardPairs> {
  const bounds = await planRows<Int32Array>(dependencies, unit, run, 'queryPairs', start, end + 1);
  const first = bounds.data[0]!;
  const last = bounds.data.at(-1)!;
  const documents = await planRows<Int32Array>(dependencies, unit, run, 'pairDocument', first, last);
  return { first, offsets: bounds.data.map((pair) => pair - first), documents: documents.data };
}

/** Reads them by ranged reads. */
export async function readShardJudgements(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  shard: Range,
): Promise<ShardJudgements> {
  const pairs = await readShardPairs(dependencies, unit, run, shard);
  const last = pairs.first + pairs.documents.length;
  const [relevance, self] = await Promise.all([
    planRows<Float32Array>(dependencies, unit, run, 'pairRelevance', pairs.first, last),
    planRows<Int32Array>(dependencies, unit, run, 'querySelf', shard.start, shard.end),
  ]);
  return { ...pairs, relevance: relevance.data, self: self.data };
}

/** Candidates that the input brings for one query shard, cut out of the plan's arrays; memory: those rows. */
export interface ShardGiven {
  /** int32 [q + 1]: those of row i of the shard are entries [offsets[i], offsets[i + 1]) */
  readonly offsets: Int32Array;
  /** int32 [G_s]: dense document ids, ascending within a row */
  readonly documents: Int32Array;
  /** uint8 [G_s]: place in `GIVEN_SOURCES` */
  readonly sources: Uint8Array;
  /** int32 [G_s]: rank of the other retriever */
  readonly ranks: Int32Array;
  /** float32 [G_s]: its score, NaN none */
  readonly scores: Float32Array;
}

/** Reads them by ranged reads; null where the input brings none. */
export async function readShardGiven(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  { start, end }: Range,
): Promise<ShardGiven | null> {
  if (!run.plan.given) return null;
  const bounds = await planRows<Int32Array>(dependencies, unit, run, 'givenOffsets', start, end + 1);
  const [first, last] = [bounds.data[0]!, bounds.data.at(-1)!];
  const [documents, sources, ranks, scores] = await Promise.all([
    planRows<Int32Array>(dependencies, unit, run, 'givenDocument', first, last),
    planRows<Uint8Array>(dependencies, unit, run, 'givenSource', first, last),
    planRows<Int32Array>(dependencies, unit, run, 'givenRank', first, last),
    planRows<Float32Array>(dependencies, unit, run, 'givenScore', first, last),
  ]);
  return {
    offsets: bounds.data.map((offset) => offset - first),
    documents: documents.data,
    sources: sources.data,
    ranks: ranks.data,
    scores: scores.data,
  };
}

/** Documents of one query shard's queries, cut out of the plan's arrays: what a previous round promoted, or kept. */
export interface ShardLists {
  /** int32 [q + 1]: those of row i of the shard are entries [offsets[i], offsets[i + 1]) */
  readonly offsets: Int32Array;
  /** int32: dense document ids, ascending within a row */
  readonly documents: Int32Array;
}

/** Reads them by ranged reads; null where the job names no such round, or keeps nothing of it. */
export async function readShardOfPrevious(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  { start, end }: Range,
  what: 'promoted' | 'previous',
): Promise<ShardLists | null> {
  if (!run.plan[what]) return null;
  const bounds = await planRows<Int32Array>(dependencies, unit, run, `${what}Offsets`, start, end + 1);
  const [first, last] = [bounds.data[0]!, bounds.data.at(-1)!];
  const documents = await planRows<Int32Array>(dependencies, unit, run, `${what}Document`, first, last);
  return { offsets: bounds.data.map((offset) => offset - first), documents: documents.data };
}

/** The row to which each entry belongs: int32 [entries]. */
export function rowOfEachEntry(offsets: Int32Array): Int32Array {
  const rows = new Int32Array(offsets.at(-1)!);
  for (let row = 0; row + 1 < offsets.length; row++) rows.fill(row, offsets[row]!, offsets[row + 1]!);
  return rows;
}

function planRows<A extends Int32Array | Float32Array | Uint8Array>(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  file: keyof typeof PLAN_FILES,
  start: number,
  end: number,
): Promise<NpyRows<A>> {
  const uri = `${planDirectory(unit, run)}/${PLAN_FILES[file]}`;
  return readNpyRows<A>(dependencies.openStore(uri), uri, start, end);
}
