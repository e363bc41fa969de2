import { noClaims } from '@quarry/activities/mining/claims';
import { CODE } from '@quarry/activities/mining/reason-codes';
import { formClusters } from '@quarry/activities/mining/saha';
import { verdictsOf } from '@quarry/activities/mining/verdicts';
import { cluster } from '@quarry/activities/stages/cluster';
import { filter } from '@quarry/activities/stages/filter';
import { clusterKey, filterKey, OWNERS_PER_CANDIDATE } from '@quarry/activities/stages/keys';
import { scoreOwners } from '@quarry/activities/stages/score-owners';
import { readDone, readUnitNpy } from '@quarry/activities/stages/unit';
import type { NpyArray } from '@quarry/activities/tables/npy';
import { REASONS, type Reason } from '@quarry/workflows';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keepByMargin } from './keep-by-margin.ts';
import { type MiningInput, type MiningRun, prepareMiningRun } from './mining-run.ts';
import { matrixOf, rankExactly } from './rank-exactly.ts';
import { pairsOf, type SahaProblem, sahaOf } from './saha-problem.ts';

const QUERIES = 150;
const DOCUMENTS = 60;
const DIMENSION = 6;
const settings = { topK: 3, poolMultiplier: 3 };
const k = 2 * settings.topK * settings.poolMultiplier;

/** Several positives per query, documents with more owners than are listed, and some documents without one. */
const problem: SahaProblem = (() => {
  const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: DIMENSION, maxLength: DIMENSION });
  const vectors = fc.sample(vector, { numRuns: QUERIES + DOCUMENTS, seed: 11 });
  const picks = fc.sample(fc.tuple(fc.nat(QUERIES - 1), fc.nat(DOCUMENTS - 1)), { numRuns: 120, seed: 12 });
  const popular = Array.from({ length: QUERIES }, (_, query) => [query, (query * query) % 7] as const);
  const rows = new Set([...popular, ...picks].map(([query, document]) => `${query},${document}`));
  return {
    queries: vectors.slice(0, QUERIES),
    documents: vectors.slice(QUERIES),
    // Shuffled: rows do not come in the order of the queries.
    rows: [...rows]
      .map((row) => row.split(',').map(Number) as [number, number])
      .sort((a, b) => ((a[0] * 31 + a[1]) % 97) - ((b[0] * 31 + b[1]) % 97)),
    ...settings,
    classification: false,
    form: 'strict',
  };
})();

function inputOf(mining: MiningInput['mining'], shardRows: number): MiningInput {
  const queries = matrixOf(problem.queries);
  const documents = matrixOf(problem.documents);
  const pairs = pairsOf(problem.rows, QUERIES);
  const ids = new Int32Array(QUERIES * k);
  const scores = new Float32Array(QUERIES * k);
  const positiveScores = new Float32Array(pairs.pairQuery.length);
  for (let query = 0; query < QUERIES; query++) {
    const all = rankExactly(queries, query, documents, DIMENSION, DOCUMENTS);
    ids.set(all.ids.subarray(0, k), query * k);
    scores.set(all.scores.subarray(0, k), query * k);
    for (let pair = pairs.queryPairs[query]!; pair < pairs.queryPairs[query + 1]!; pair++) {
      positiveScores[pair] = all.scores[all.ids.indexOf(pairs.pairDocument[pair]!)]!;
    }
  }
  const dimension = DIMENSION;
  return {
    pairs,
    documents: DOCUMENTS,
    vectors: queries,
    dimension,
    k,
    ids,
    scores,
    positiveScores,
    mining,
    shardRows,
  };
}

/** One array of all shards of a unit, behind one another. */
async function joined(
  { run }: MiningRun,
  read: (shard: number) => Promise<{ data: NpyArray }>,
): Promise<number[]> {
  const all: number[] = [];
  for (const shard of run.plan.queryShards.keys()) all.push(...(await read(shard)).data);
  return all;
}

async function mineSaha(shardRows: number, unowned: 'drop' | 'keep') {
  await using mined = await prepareMiningRun(inputOf({ ...settings, unowned }, shardRows));
  const { context, unit, run } = mined;
  for (const shard of run.plan.queryShards.keys()) {
    await filter(context, { ...unit, shard });
    await scoreOwners(context, { ...unit, shard });
  }
  const result = await cluster(context, unit);
  const key = clusterKey(run, 0);
  const array = (name: string) =>
    joined(mined, (shard) =>
      readUnitNpy(context, unit.cache, 'cluster', key, `${name}-${String(shard).padStart(5, '0')}.npy`),
    );
  return {
    rows: result.output.rows,
    clusters: (await readUnitNpy(context, unit.cache, 'cluster', key, 'clusters.npy')).data,
    ownerScores: (await readUnitNpy(context, unit.cache, 'cluster', key, 'cluster-owner-scores.npy')).data,
    reasons: await array('reason'),
    kept: await array('kept'),
    pairs: await array('pair'),
    owners: await array('owner'),
    lookedAtScores: await array('owner-score'),
    figures: (await readDone(context, unit.cache, 'cluster', key)).figures,
  };
}

it.each(['drop', 'keep'] as const)(
  'the stages do what the pure functions do (unowned: %s)',
  async (unowned) => {
    const whole = await mineSaha(QUERIES, unowned);
    const saha = sahaOf(problem);
    const claims = noClaims(QUERIES);
    const clusters = [...formClusters(saha, claims)];
    const rows = clusters.flatMap(({ number, phase, anchor, members }) =>
      [anchor, ...members].flatMap((pair, position) => [number, position, pair, phase]),
    );
    expect([...whole.clusters]).toEqual(rows);
    expect(whole.rows).toBe(rows.length / 4);
    expect([...whole.ownerScores]).toEqual(clusters.flatMap(({ scores }) => [Number.NaN, ...scores]));
    const verdicts = problem.queries.map((_, query) => verdictsOf(saha, claims, query, unowned === 'keep'));
    expect(whole.reasons).toEqual(verdicts.flatMap(({ reasons }) => [...reasons]));
    expect(whole.owners).toEqual(verdicts.flatMap(({ owners }) => [...owners]));
    expect(whole.lookedAtScores).toEqual(verdicts.flatMap(({ ownerScores }) => [...ownerScores]));
    expect(whole.pairs).toEqual(verdicts.map(({ pair }) => pair));
    expect(whole.kept.filter((place) => place >= 0)).toEqual(verdicts.flatMap(({ kept }) => kept));

    const owners = problem.rows.filter(([, document]) => document === 1).length;
    expect(owners).toBeGreaterThan(OWNERS_PER_CANDIDATE);
    const seen = new Set(whole.reasons.map((code) => REASONS[code]));
    const expected: Reason[] = [
      'kept',
      'known_positive',
      'owner_used',
      'owner_similar',
      'claimed',
      'conflict',
      'owner_barred',
    ];
    expect(expected.filter((reason) => !seen.has(reason))).toEqual([]);
    expect(whole.figures).toMatchObject({
      clusters: clusters.length,
      funnel: { candidates: QUERIES * k, kept: whole.reasons.filter((code) => code === 0).length },
      rows: { candidates: QUERIES * k },
    });
    expect((whole.figures.unownedShare as number) > 0).toBe(unowned === 'keep');
  },
);

it('cuts into shards change nothing', async () => {
  const { figures: figuresOfOne, ...one } = await mineSaha(QUERIES, 'keep');
  const { figures, ...many } = await mineSaha(17, 'keep');
  expect(many).toEqual(one);
  const { shards, ...sums } = figures as { shards: { triplet: number }[] };
  expect(sums).toEqual((({ shards: _, ...rest }) => rest)(figuresOfOne as { shards: unknown }));
  expect(shards.reduce((sum, { triplet }) => sum + triplet, 0)).toBe(
    (sums as { rows: { triplet: number } }).rows.triplet,
  );
});

it('filter judges by margin, shard by shard, and counts', async () => {
  const input = inputOf(
    { strategy: 'margin', numNegatives: 2, relativeMargin: 0.05, sampling: 'random' },
    40,
  );
  // Document 0 of the candidates is query 0 itself.
  const self = new Int32Array(2 * QUERIES).fill(-1);
  self[0] = input.ids[0]!;
  await using mined = await prepareMiningRun({ ...input, self });
  const { context, unit, run } = mined;
  for (const shard of run.plan.queryShards.keys()) await filter(context, { ...unit, shard });
  const read = (name: string) =>
    joined(mined, (shard) => readUnitNpy(context, unit.cache, 'filter', filterKey(run, shard), name));
  const [reasons, kept, pairs] = [await read('reason.npy'), await read('kept.npy'), await read('pair.npy')];
  expect(reasons[0]).toBe(CODE.self);
  expect(new Set(pairs)).toEqual(new Set([-1]));
  const { queryPairs, pairDocument } = input.pairs;
  let triplets = 0;
  for (let query = 0; query < QUERIES; query++) {
    const ids = input.ids.subarray(query * k, (query + 1) * k);
    const own = pairDocument.subarray(queryPairs[query], queryPairs[query + 1]);
    const before = Uint8Array.from(ids, (id) =>
      id === self[query * 2] ? CODE.self : own.includes(id) ? CODE.known_positive : 0,
    );
    const rule = {
      ...run.job.mining,
      rangeMax: 20 + run.plan.maxPositives,
      depth: 20 + 2 * run.plan.maxPositives,
      seed: 42,
    };
    const places = keepByMargin(rule, {
      query,
      scores: input.scores.subarray(query * k, (query + 1) * k),
      reasons: before,
      positiveScores: input.positiveScores.subarray(queryPairs[query], queryPairs[query + 1]),
    });
    expect(reasons.slice(query * k, (query + 1) * k)).toEqual([...before]);
    expect(kept.slice(query * 2, query * 2 + 2).filter((place) => place >= 0)).toEqual(places);
    triplets += places.length * own.length;
  }
  let counted = 0;
  for (const shard of run.plan.queryShards.keys()) {
    const { figures } = await readDone(context, unit.cache, 'filter', filterKey(run, shard));
    counted += (figures.rows as { triplet: number }).triplet;
  }
  expect(counted).toBe(triplets);
  expect(triplets).toBeGreaterThan(0);
});
