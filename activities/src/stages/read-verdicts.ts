import type { RunRef } from '@quarry/workflows';
import { JUDGE_STAGE } from '@quarry/workflows/judges';
import { GIVEN_SOURCES } from '../dataset/given-candidates.ts';
import type { ShardCandidates } from '../tables/candidates.ts';
import { decodeNpy, type Npy, type NpyArray } from '../tables/npy.ts';
import { readNpyRows } from '../tables/npy-rows.ts';
import type { TrainingShard } from '../tables/training-pairs.ts';
import { readCandidateArray } from './candidate-lists.ts';
import { clusterKey, filterKey, judgeKey } from './keys.ts';
import { PLAN_FILES, planDirectory, type RunDocument, unitDirectory } from './run-document.ts';
import { groupOfShard } from './run-groups.ts';
import { readShardGiven, type ShardGiven } from './shard-pairs.ts';
import type { CacheAccess, Dependencies } from './stage-context.ts';
import { readUnitNpy } from './unit.ts';

/**
 * Where the final verdicts of a run lie: with `margin` each filter unit has its shard's, with `saha` the cluster unit of
 * a group has all of its shards.
 */
export function verdictUri(
  { cache }: Pick<RunRef, 'cache'>,
  run: RunDocument,
  shard: number,
  name: string,
): string {
  return run.job.mining.strategy === 'saha'
    ? `${unitDirectory(cache, 'cluster', clusterKey(run, groupOfShard(run, shard).number))}/${name}-${String(shard).padStart(5, '0')}.npy`
    : `${unitDirectory(cache, 'filter', filterKey(run, shard))}/${name}.npy`;
}

async function verdictArray<A extends NpyArray>(
  dependencies: CacheAccess,
  unit: Pick<RunRef, 'cache'>,
  run: RunDocument,
  shard: number,
  name: string,
): Promise<Npy<A>> {
  const uri = verdictUri(unit, run, shard, name);
  return decodeNpy<A>(await dependencies.openStore(uri).read(uri), uri);
}

/** What the training tables are made of; memory: q x k x 6 bytes and the shard's pairs. */
export async function readTrainingShard(
  dependencies: CacheAccess,
  unit: Pick<RunRef, 'cache'>,
  run: RunDocument,
  shard: number,
): Promise<TrainingShard> {
  const queries = run.plan.queryShards[shard]!;
  const [ids, kept, pair, queryPairs] = await Promise.all([
    readCandidateArray<Int32Array>(dependencies, unit, run, shard, 'ids.npy'),
    verdictArray<Int16Array>(dependencies, unit, run, shard, 'kept'),
    verdictArray<Int32Array>(dependencies, unit, run, shard, 'pair'),
    planRows<Int32Array>(dependencies, unit, run, 'queryPairs', queries.start, queries.end + 1),
  ]);
  const pairDocument = await planRows<Int32Array>(
    dependencies,
    unit,
    run,
    'pairDocument',
    queryPairs[0]!,
    queryPairs.at(-1)!,
  );
  return {
    queries,
    k: run.search.k,
    ids,
    kept: kept.data,
    keptWidth: kept.shape[1]!,
    pair: pair.data,
    queryPairs,
    pairDocument,
  };
}

/** What the table of candidates is made of; memory: q x k x 17 bytes, the shard's pairs and all judgements (12 bytes each). */
export async function readCandidates(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  shard: number,
): Promise<ShardCandidates> {
  const queries = run.plan.queryShards[shard]!;
  const listed = <A extends NpyArray>(name: string): Promise<A> =>
    readCandidateArray<A>(dependencies, unit, run, shard, name);
  const saha = run.job.mining.strategy === 'saha';
  const [ids, scores, reasons, owners, ownerScores, judgements, sources, given, judged] = await Promise.all([
    listed<Int32Array>('ids.npy'),
    listed<Float32Array>('scores.npy'),
    verdictArray<Uint8Array>(dependencies, unit, run, shard, 'reason'),
    saha ? verdictArray<Int32Array>(dependencies, unit, run, shard, 'owner') : null,
    saha ? verdictArray<Float32Array>(dependencies, unit, run, shard, 'owner-score') : null,
    readJudgements(dependencies, unit, run, shard),
    run.plan.given ? listed<Uint8Array>('source.npy') : null,
    readShardGiven(dependencies, unit, run, queries),
    readJudged(dependencies, unit, run, shard),
  ]);
  return {
    queries,
    k: run.search.k,
    ids,
    scores,
    reasons: reasons.data,
    owners: owners?.data ?? null,
    ownerScores: ownerScores?.data ?? null,
    judgements,
    sources,
    foreign: foreignScores(given, queries.start),
    judged,
  };
}

/** What the models of the chain said. */
async function readJudged(
  dependencies: CacheAccess,
  { cache }: Pick<RunRef, 'cache'>,
  run: RunDocument,
  shard: number,
): Promise<ShardCandidates['judged']> {
  const found = await Promise.all(
    (run.judges ?? []).map(async ({ name }) => {
      const key = judgeKey(run, name, shard);
      const scores = await readUnitNpy<Float32Array>(
        dependencies,
        cache,
        JUDGE_STAGE[name],
        key,
        'scores.npy',
      );
      return [name, scores.data] as const;
    }),
  );
  return Object.fromEntries(found);
}

const UNKNOWN = { rank: 0, score: Number.NaN };

/** Looks up what the file of candidates, or the previous round, said; the input's own negatives have no rank or score there. */
function foreignScores(given: ShardGiven | null, first: number): ShardCandidates['foreign'] {
  return (query, document) => {
    if (!given) return UNKNOWN;
    let [low, high] = [given.offsets[query - first]!, given.offsets[query - first + 1]! - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = given.documents[middle]!;
      if (found === document) {
        const isRanked = GIVEN_SOURCES[given.sources[middle]!] !== 'input';
        return isRanked ? { rank: given.ranks[middle]!, score: given.scores[middle]! } : UNKNOWN;
      }
      if (found < document) low = middle + 1;
      else high = middle - 1;
    }
    return UNKNOWN;
  };
}

/** What was judged of a shard's queries: the positives, and what was judged and is none. */
async function readJudgements(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
  shard: number,
): Promise<ShardCandidates['judgements']> {
  const { start, end } = run.plan.queryShards[shard]!;
  const queryPairs = await planRows<Int32Array>(dependencies, unit, run, 'queryPairs', start, end + 1);
  const [first, last] = [queryPairs[0]!, queryPairs.at(-1)!];
  const [documents, relevance, judged, judgedRelevance] = await Promise.all([
    planRows<Int32Array>(dependencies, unit, run, 'pairDocument', first, last),
    planRows<Float32Array>(dependencies, unit, run, 'pairRelevance', first, last),
    planRows<Int32Array>(dependencies, unit, run, 'judged'),
    planRows<Float32Array>(dependencies, unit, run, 'judgedRelevance'),
  ]);
  let next = 0;
  while (next * 2 < judged.length && judged[next * 2]! < start) next++;
  return (query) => {
    const found = new Map<number, number>();
    for (let pair = queryPairs[query - start]!; pair < queryPairs[query - start + 1]!; pair++) {
      found.set(documents[pair - first]!, relevance[pair - first]!);
    }
    let at = next;
    while (at * 2 < judged.length && judged[at * 2]! < query) at++;
    next = at;
    for (; judged[at * 2] === query; at++) found.set(judged[at * 2 + 1]!, judgedRelevance[at]!);
    return found;
  };
}

/** Rows of one of the plan's arrays. */
export async function planRows<A extends Int32Array | Float32Array>(
  dependencies: CacheAccess,
  unit: Pick<RunRef, 'cache'>,
  run: RunDocument,
  file: keyof typeof PLAN_FILES,
  start?: number,
  end?: number,
): Promise<A> {
  const uri = `${planDirectory(unit, run)}/${PLAN_FILES[file]}`;
  return (await readNpyRows<A>(dependencies.openStore(uri), uri, start, end)).data;
}
