import { hidePositives } from '@quarry/activities/mining/calibrate/hide-positives';
import type { SurveyFigures } from '@quarry/activities/mining/calibrate/threshold-survey';
import { pairExcess } from '@quarry/activities/mining/clean-clusters/pair-excess';
import { CODE } from '@quarry/activities/mining/reason-codes';
import { calibrate, readCalibration } from '@quarry/activities/stages/calibrate';
import { cluster } from '@quarry/activities/stages/cluster';
import { compareDocuments } from '@quarry/activities/stages/compare-documents';
import { comparePairs } from '@quarry/activities/stages/compare-pairs';
import { filter } from '@quarry/activities/stages/filter';
import { hubness } from '@quarry/activities/stages/hubness';
import {
  clusterKey,
  filterKey,
  hubnessKey,
  metricKey,
  pairVectorsKey,
  surveyKey,
} from '@quarry/activities/stages/keys';
import { metric } from '@quarry/activities/stages/metric';
import { pairVectors } from '@quarry/activities/stages/pair-vectors';
import { scoreOwners } from '@quarry/activities/stages/score-owners';
import { survey } from '@quarry/activities/stages/survey';
import { readDone, readUnitNpy } from '@quarry/activities/stages/unit';
import type { JobInput } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';
import { describe, expect, it } from 'vitest';
import { type MiningInput, prepareMiningRun } from './mining-run.ts';
import { rankExactly } from './rank-exactly.ts';
import { pairsOf } from './saha-problem.ts';
import { classVectors } from './topics.ts';

const TOPICS = 12;
const PER_TOPIC = 10;
const QUERIES = TOPICS * PER_TOPIC;
const DIMENSION = 16;
const K = 40;

/** Queries and documents of twelve topics; each query knows some documents of its topic, the others are false negatives. */
function problem(mining: JobInput['mining'], shardRows: number, positives: number): MiningInput {
  const queries = classVectors(QUERIES, TOPICS, DIMENSION, 1);
  const documents = classVectors(QUERIES, TOPICS, DIMENSION, 2);
  const pairs = pairsOf(
    Array.from({ length: QUERIES }, (_, query) =>
      Array.from({ length: positives }, (_, n) => [query, (query + n * TOPICS) % QUERIES] as const),
    ).flat(),
    QUERIES,
  );
  const ids = new Int32Array(QUERIES * K);
  const scores = new Float32Array(QUERIES * K);
  const positiveScores = new Float32Array(pairs.pairQuery.length);
  for (let query = 0; query < QUERIES; query++) {
    const all = rankExactly(queries, query, documents, DIMENSION, QUERIES);
    ids.set(all.ids.subarray(0, K), query * K);
    scores.set(all.scores.subarray(0, K), query * K);
    for (let pair = pairs.queryPairs[query]!; pair < pairs.queryPairs[query + 1]!; pair++)
      positiveScores[pair] = all.scores[all.ids.indexOf(pairs.pairDocument[pair]!)]!;
  }
  return {
    pairs,
    documents: QUERIES,
    vectors: queries,
    documentVectors: documents,
    dimension: DIMENSION,
    k: K,
    ids,
    scores,
    positiveScores,
    mining,
    shardRows,
  };
}

async function mineBest(mining: JobInput['mining'], shardRows: number, positives = 1) {
  const input = problem(mining, shardRows, positives);
  await using mined = await prepareMiningRun(input);
  const { context, unit, run } = mined;
  const shards = [...run.plan.queryShards.keys()];
  await metric(context, unit);
  await pairVectors(context, { ...unit, side: 'document', shard: 0 });
  for (const shard of shards) {
    await scoreOwners(context, { ...unit, shard });
    await pairVectors(context, { ...unit, side: 'query', shard });
    await comparePairs(context, { ...unit, shard });
  }
  await hubness(context, { ...unit, of: 'pair' });
  for (const shard of shards) await survey(context, { ...unit, shard });
  await calibrate(context, unit);
  for (const shard of shards) await filter(context, { ...unit, shard });
  await cluster(context, unit);
  const join = async (stage: 'filter' | 'pairVectors' | 'survey', name: string): Promise<number[]> => {
    const keys = {
      filter: (shard: number) => filterKey(run, shard),
      pairVectors: (shard: number) => pairVectorsKey(run, 'query', shard),
      survey: (shard: number) => surveyKey(run, shard),
    };
    const key = keys[stage];
    const arrays = await Promise.all(
      shards.map((shard) => readUnitNpy(context, unit.cache, stage, key(shard), name)),
    );
    return arrays.flatMap(({ data }) => [...data]);
  };
  const read = async (stage: 'hubness' | 'cluster' | 'pairVectors' | 'metric', key: string, name: string) =>
    (await readUnitNpy<Float32Array>(context, unit.cache, stage, key, name)).data;
  return {
    input,
    seed: run.job.seed,
    calibration: (await readCalibration(context, unit, run))!,
    reasons: await join('filter', 'reason.npy'),
    kept: await join('filter', 'kept.npy'),
    clusters: [...(await read('cluster', clusterKey(run, 0), 'clusters.npy'))],
    clusterFigures: (await readDone(context, unit.cache, 'cluster', clusterKey(run, 0))).figures,
    hidden: positives > 1 ? await join('survey', 'hidden.npy') : null,
    means: await read('metric', metricKey(run), 'means.npy'),
    whitening: await read('metric', metricKey(run), 'whitening.npy'),
    queryPairs: Float32Array.from(await join('pairVectors', 'vectors.npy')),
    documentPairs: await read('pairVectors', pairVectorsKey(run, 'document', 0), 'vectors.npy'),
    queryHubness: await read('hubness', hubnessKey(run, 'pair'), 'queries.npy'),
    documentHubness: await read('hubness', hubnessKey(run, 'pair'), 'documents.npy'),
  };
}

const sameTopic = (a: number, b: number): boolean => a % TOPICS === b % TOPICS;

describe('strategy best', () => {
  it('keeps hardly a false negative where the hardest candidates are mostly false, and fills the queries', async () => {
    const { input, reasons, kept, calibration } = await mineBest(
      { strategy: 'best', numNegatives: 3 },
      QUERIES,
    );
    const negatives = reasons.flatMap((code, slot) =>
      code === 0 ? [[Math.floor(slot / K), input.ids[slot]!] as const] : [],
    );
    const naive = Array.from({ length: QUERIES }, (_, query) =>
      [...input.ids.subarray(query * K, query * K + 4)].filter((id) => id !== query).slice(0, 3),
    ).flatMap((ids, query) => ids.map((id) => [query, id] as const));
    const falseShare = (pairs: readonly (readonly [number, number])[]): number =>
      pairs.filter(([query, document]) => sameTopic(query, document)).length / pairs.length;
    expect(falseShare(naive)).toBeGreaterThan(0.5);
    expect(falseShare(negatives)).toBeLessThan(0.03);
    expect(calibration).toMatchObject({ filter: 'pair', met: true });
    expect(kept.filter((place) => place >= 0).length).toBe(negatives.length);
    expect(negatives.length).toBeGreaterThan(0.95 * 3 * QUERIES);
    expect(reasons.filter((code) => code === CODE.pair).length).toBeGreaterThan(QUERIES);
  });

  it('makes clusters of which every two members pass the rule in both directions', async () => {
    const mined = await mineBest({ strategy: 'best', topK: 5 }, QUERIES);
    const { clusters, input, calibration } = mined;
    const window = (vectors: Float32Array) => () => ({ start: 0, vectors });
    const parts = {
      pairs: input.pairs,
      dimension: DIMENSION,
      query: window(mined.queryPairs),
      document: window(mined.documentPairs),
      queryHubness: mined.queryHubness,
      documentHubness: mined.documentHubness,
      above: calibration.above,
    };
    const byCluster = new Map<number, number[]>();
    for (let row = 0; row < clusters.length; row += 4) {
      const pairs = byCluster.get(clusters[row]!) ?? [];
      byCluster.set(clusters[row]!, [...pairs, clusters[row + 2]!]);
    }
    expect(byCluster.size).toBeGreaterThan(10);
    expect(new Set([...byCluster.values()].map(({ length }) => length))).toEqual(new Set([6]));
    expect(mined.clusterFigures.sizeHistogram).toEqual({ 6: byCluster.size });
    let falseOnes = 0;
    let all = 0;
    for (const pairs of byCluster.values()) {
      for (const [i, a] of pairs.entries()) {
        for (const b of pairs.slice(i + 1)) {
          expect(Math.max(pairExcess(parts, a, b), pairExcess(parts, b, a))).toBeLessThanOrEqual(0);
          all++;
          if (sameTopic(a, b)) falseOnes++;
        }
      }
    }
    expect(falseOnes / all).toBeLessThan(0.03);
  });

  it('gives the same, however the queries are cut into shards', async () => {
    const mining = { strategy: 'best', numNegatives: 3, topK: 5 } as const;
    const [one, many] = [await mineBest(mining, QUERIES, 3), await mineBest(mining, 17, 3)];
    for (const name of ['reasons', 'kept', 'clusters', 'calibration', 'clusterFigures', 'hidden'] as const) {
      expect(many[name]).toEqual(one[name]);
    }
  });

  it('hides half of the positives to estimate what it leaves, and finds a threshold for a rate', async () => {
    const found = await mineBest({ strategy: 'best', numNegatives: 3 }, 50, 3);
    const { rate, sample } = found.calibration.falseNegatives!;
    expect(sample).toBeGreaterThan(QUERIES);
    expect(rate).toBeLessThan(0.03);
    const calibrated = { falseNegativeRate: 0.2 };
    const asked = await mineBest({ strategy: 'best', numNegatives: 3, calibrate: calibrated }, 50, 3);
    expect(asked.calibration.met).toBe(true);
    expect(asked.calibration.above).toBeGreaterThan(found.calibration.above);
    expect(asked.calibration.falseNegatives!.rate).toBeLessThanOrEqual(0.2);
    expect(asked.calibration.falseNegatives!.rate).toBeGreaterThan(0.05);
  });

  it('compares pairs without what is hidden: by hand, from the metric and the vectors', async () => {
    const { input, seed, hidden, means, whitening } = await mineBest(
      { strategy: 'best', numNegatives: 3 },
      50,
      3,
    );
    const { pairs, vectors, documentVectors, ids } = input;
    const row = (of: Float32Array, at: number): number[] => [
      ...of.subarray(at * DIMENSION, (at + 1) * DIMENSION),
    ];
    const centred = (side: 0 | 1, number: number): number[] =>
      row(side === 0 ? vectors : documentVectors!, number).map((x, i) => x - means[side * DIMENSION + i]!);
    const pairVector = (side: 0 | 1, own: number, partners: readonly number[]): number[] => {
      const others = partners.map((partner) => centred(side === 0 ? 1 : 0, partner));
      const sum = centred(side, own).map(
        (x, i) => x + others.reduce((total, other) => total + other[i]! / others.length, 0),
      );
      const whitened = sum.map((_, i) =>
        sum.reduce((total, x, j) => total + (j <= i ? whitening[i * DIMENSION + j]! * x : 0), 0),
      );
      return whitened.map((x) => x / Math.hypot(...whitened));
    };
    const owners = (document: number): number[] =>
      [...pairs.pairQuery].filter((_, pair) => pairs.pairDocument[pair] === document);
    let compared = 0;
    for (let query = 0; query < QUERIES; query++) {
      const positives = pairs.pairDocument.subarray(pairs.queryPairs[query], pairs.queryPairs[query + 1]);
      const hiding = hidePositives(positives, seed);
      if (!hiding) {
        expect(hidden!.slice(query * K, (query + 1) * K).every(Number.isNaN)).toBe(true);
        continue;
      }
      const anchor = pairVector(
        0,
        query,
        hiding.visible.map((place) => positives[place]!),
      );
      for (let place = 0; place < K; place++) {
        const document = ids[query * K + place]!;
        const its = pairVector(1, document, hiding.hidden.has(document) ? [] : owners(document));
        const alike = anchor.reduce((sum, x, i) => sum + x * its[i]!, 0);
        expect(hidden![query * K + place]).toBeCloseTo(alike, 5);
        if (hiding.hidden.has(document)) compared++;
      }
    }
    expect(compared).toBeGreaterThan(QUERIES / 2);
  });
});

describe('owner_similar with an open threshold', () => {
  it('cannot look at what it hides, which nobody owns then: the estimate says so', async () => {
    const calibrated = { filter: 'owner_similar', keepAtLeast: 3, forShareOfQueries: 0.9 } as const;
    const input = problem({ strategy: 'margin', numNegatives: 3, calibrate: calibrated }, 50, 3);
    await using mined = await prepareMiningRun(input);
    const { context, unit, run } = mined;
    for (const shard of run.plan.queryShards.keys()) {
      await scoreOwners(context, { ...unit, shard });
      await survey(context, { ...unit, shard });
    }
    await calibrate(context, unit);
    const { rate, sample } = (await readCalibration(context, unit, run))!.falseNegatives!;
    expect(sample).toBeGreaterThan(QUERIES);
    expect(rate).toBeGreaterThan(0.3);
  });

  it('and a filter that compares with positives, its threshold given, pass what is hidden', async () => {
    const mining = {
      strategy: 'margin',
      numNegatives: 3,
      filters: [{ name: 'near_duplicate_positive', above: 0.3 }],
      calibrate: { filter: 'max_score', keepAtLeast: 1, forShareOfQueries: 0.5 },
    } as const satisfies JobInput['mining'];
    await using mined = await prepareMiningRun(problem({ ...mining, filters: [...mining.filters] }, 50, 3));
    const { context, unit, run } = mined;
    for (const shard of run.plan.queryShards.keys()) {
      await compareDocuments(context, { ...unit, shard, against: 'positives' });
      await survey(context, { ...unit, shard });
      const { figures } = await readDone(context, unit.cache, 'survey', surveyKey(run, shard));
      // Without any threshold of the open filter: what the given one alone would drop, were it not hidden.
      expect((figures as unknown as SurveyFigures).hidden.at(-1)).toBeGreaterThan(0);
    }
  });

  it('is refused a rate to reach', () => {
    const calibrated = { filter: 'owner_similar', falseNegativeRate: 0.1 };
    const job = { name: 'x', input: { format: 'pairs', path: 'x' }, mining: { calibrate: calibrated } };
    const { error } = jobSchema.safeParse(job);
    expect(error!.issues.map(({ message }) => message).join()).toContain(
      'cannot look at documents that nobody owns',
    );
  });
});
