import { NO_CANDIDATE, REASONS, type Reason, type RunRef } from '@quarry/workflows';
import { candidatesDirectory } from '../stages/candidate-lists.ts';
import { planRows, verdictUri } from '../stages/read-verdicts.ts';
import type { RunDocument } from '../stages/run-document.ts';
import type { CacheAccess } from '../stages/stage-context.ts';
import type { NpyArray } from '../tables/npy.ts';
import { readNpyRows } from '../tables/npy-rows.ts';

/** A candidate of one query, in dense ids. */
export interface JudgedCandidate {
  readonly document: number;
  /** 1 is the best. */
  readonly rank: number;
  readonly score: number;
  /** `kept`, or why it was dropped. */
  readonly reason: Reason;
  /** The owner looked at; null where there is none, or the strategy looks at none. */
  readonly owner: number | null;
  readonly ownerScore: number | null;
}

/** What the cache holds of one query. */
export interface QueryVerdicts {
  readonly query: number;
  /** In the order of the input. */
  readonly positives: readonly { readonly document: number; readonly score: number }[];
  /** By rank. */
  readonly candidates: readonly JudgedCandidate[];
}

/** Reads one query's rows of the stages' arrays, and nothing else of them: some 10 kB. */
export async function readQueryVerdicts(
  dependencies: CacheAccess,
  unit: RunRef,
  run: RunDocument,
  query: number,
): Promise<QueryVerdicts> {
  const shard = run.plan.queryShards.findIndex(({ end }) => query < end);
  const { start } = run.plan.queryShards[shard]!;
  const merged = candidatesDirectory(unit.cache, run, shard);
  const saha = run.job.mining.strategy === 'saha';
  const row = <A extends NpyArray>(uri: string): Promise<A> => rowOf<A>(dependencies, uri, query - start);
  const [ids, scores, reasons, owners, ownerScores] = await Promise.all([
    row<Int32Array>(`${merged}/ids.npy`),
    row<Float32Array>(`${merged}/scores.npy`),
    row<Uint8Array>(verdictUri(unit, run, shard, 'reason')),
    saha ? row<Int32Array>(verdictUri(unit, run, shard, 'owner')) : null,
    saha ? row<Float32Array>(verdictUri(unit, run, shard, 'owner-score')) : null,
  ]);
  const candidates = Array.from(ids, (document, place): JudgedCandidate => {
    const owner = owners?.[place] ?? -1;
    return {
      document,
      rank: place + 1,
      score: scores[place]!,
      reason: REASONS[reasons[place]!] ?? 'kept',
      owner: owner < 0 ? null : owner,
      ownerScore: owner < 0 ? null : (ownerScores?.[place] ?? null),
    };
  }).filter((_, place) => reasons[place] !== NO_CANDIDATE);
  return { query, candidates, positives: await positivesOf(dependencies, unit, run, query, start, merged) };
}

/** Whether a query keeps a negative: one small read. */
export async function keepsNegative(
  dependencies: CacheAccess,
  unit: RunRef,
  run: RunDocument,
  query: number,
): Promise<boolean> {
  const shard = run.plan.queryShards.findIndex(({ end }) => query < end);
  const place = query - run.plan.queryShards[shard]!.start;
  const reasons = await rowOf<Uint8Array>(dependencies, verdictUri(unit, run, shard, 'reason'), place);
  return reasons.includes(0);
}

async function positivesOf(
  dependencies: CacheAccess,
  unit: RunRef,
  run: RunDocument,
  query: number,
  shardStart: number,
  merged: string,
): Promise<QueryVerdicts['positives']> {
  const bounds = await planRows<Int32Array>(dependencies, unit, run, 'queryPairs', shardStart, query + 2);
  const [first, from, to] = [bounds[0]!, bounds.at(-2)!, bounds.at(-1)!];
  const uri = `${merged}/positive-scores.npy`;
  const [documents, scores] = await Promise.all([
    planRows<Int32Array>(dependencies, unit, run, 'pairDocument', from, to),
    readNpyRows<Float32Array>(dependencies.openStore(uri), uri, from - first, to - first),
  ]);
  return Array.from(documents, (document, i) => ({ document, score: scores.data[i]! }));
}

async function rowOf<A extends NpyArray>(dependencies: CacheAccess, uri: string, row: number): Promise<A> {
  return (await readNpyRows<A>(dependencies.openStore(uri), uri, row, row + 1)).data;
}
