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

function planRows<A extends Int32Array | Float32Array>(
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
