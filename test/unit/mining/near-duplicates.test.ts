import { compileChain, runChain } from '@quarry/activities/mining/chain';
import { isPositive } from '@quarry/activities/mining/pairs';
import { CODE } from '@quarry/activities/mining/reason-codes';
import { TWIN_WIDTH, twinsOf } from '@quarry/activities/mining/twins';
import { compareDocuments } from '@quarry/activities/stages/compare-documents';
import { compareDocumentsKey } from '@quarry/activities/stages/keys';
import { readUnitNpy } from '@quarry/activities/stages/unit';
import type { ComparedWith } from '@quarry/workflows';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MiningInput, prepareMiningRun } from './mining-run.ts';
import { rankExactly } from './rank-exactly.ts';
import { pairsOf } from './saha-problem.ts';
import { classVectors } from './topics.ts';

const QUERIES = 30;
const DOCUMENTS = 50;
const DIMENSION = 6;
const K = 20;

/** Documents whose lengths differ; a query has two positives, and one is its own document. */
function problem(shardRows: number): MiningInput {
  const queries = classVectors(QUERIES, 5, DIMENSION, 1);
  const documents = classVectors(DOCUMENTS, 5, DIMENSION, 2).map(
    (x, i) => x * (1 + (Math.floor(i / DIMENSION) % 3)),
  );
  const rows = Array.from({ length: QUERIES }, (_, i) => [[i, i] as const, [i, i + 20] as const]).flat();
  const ids = new Int32Array(QUERIES * K);
  const scores = new Float32Array(QUERIES * K);
  for (let query = 0; query < QUERIES; query++) {
    const all = rankExactly(queries, query, documents, DIMENSION, K);
    ids.set(all.ids, query * K);
    scores.set(all.scores, query * K);
  }
  ids.fill(-1, 3 * K + 15, 4 * K);
  const self = new Int32Array(2 * QUERIES).fill(-1);
  self[0] = ids[4]!;
  return {
    pairs: pairsOf(rows, QUERIES),
    documents: DOCUMENTS,
    vectors: queries,
    documentVectors: documents,
    dimension: DIMENSION,
    k: K,
    ids,
    scores,
    positiveScores: new Float32Array(2 * QUERIES),
    self,
    mining: { strategy: 'margin', filters: [{ name: 'near_duplicate_positive' }] },
    shardRows,
  };
}

async function compared(against: ComparedWith, shardRows: number): Promise<number[]> {
  await using mined = await prepareMiningRun(problem(shardRows));
  const { context, unit, run } = mined;
  const found: number[] = [];
  for (const shard of run.plan.queryShards.keys()) {
    await compareDocuments(context, { ...unit, shard, against });
    const key = compareDocumentsKey(run, shard, against);
    const { data } = await readUnitNpy(context, unit.cache, 'compareDocuments', key, 'scores.npy');
    found.push(...data);
  }
  return found;
}

/** Written anew, in float64. */
function cosine(a: number, b: number): number {
  const vectors = problem(QUERIES).documentVectors!;
  const [x, y] = [a, b].map((i) => [...vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION)]);
  return x!.reduce((sum, v, i) => sum + v * y![i]!, 0) / Math.hypot(...x!) / Math.hypot(...y!);
}

describe('comparing documents', () => {
  it('gives each candidate its highest cosine to a positive, whatever the shards', async () => {
    const found = await compared('positives', QUERIES);
    const { ids } = problem(QUERIES);
    expect(found.length).toBe(QUERIES * K);
    for (const [slot, document] of ids.entries()) {
      const query = Math.floor(slot / K);
      if (document < 0) expect(found[slot]).toBeNaN();
      else
        expect(found[slot]).toBeCloseTo(Math.max(cosine(document, query), cosine(document, query + 20)), 6);
    }
    expect(await compared('positives', 7)).toEqual(found);
  });

  it('gives each candidate the most similar better ones that are neither positives nor the query itself', async () => {
    const found = await compared('candidates', QUERIES);
    const { ids, pairs, self } = problem(QUERIES);
    expect(found.length).toBe(QUERIES * K * TWIN_WIDTH);
    for (let query = 0; query < QUERIES; query++) {
      const own = ids.subarray(query * K, (query + 1) * K);
      for (const [place, document] of own.entries()) {
        const at = (query * K + place) * TWIN_WIDTH;
        const expected = [...own.subarray(0, place)]
          .map((other, i) => ({ i, other, like: document < 0 ? 0 : cosine(document, other) }))
          .filter(
            ({ other }) => document >= 0 && !isPositive(pairs, query, other) && other !== self![2 * query],
          )
          .sort((a, b) => b.like - a.like || a.i - b.i)
          .slice(0, TWIN_WIDTH / 2);
        for (let i = 0; i < TWIN_WIDTH / 2; i++) {
          if (!expected[i]) expect(found[at + 2 * i]).toBeNaN();
          else expect(found[at + 2 * i + 1]).toBeCloseTo(expected[i]!.like, 6);
        }
      }
    }
    expect(await compared('candidates', 7)).toEqual(found);
  });
});

describe('near_duplicate_negative', () => {
  const likeness = fc.array(
    fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }),
    {
      minLength: 9,
      maxLength: 9,
    },
  );

  it('keeps the best of each group and nothing that is too like a better one that it keeps', () => {
    fc.assert(
      fc.property(likeness, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (cosines, above) => {
        const row = (place: number): Float32Array => Float32Array.from(cosines[place]!);
        const twins = twinsOf(9, row, () => true);
        const reasons = new Uint8Array(9);
        reasons[2] = CODE.max_score;
        runChain(compileChain([{ name: 'near_duplicate_negative', above }]), {
          query: 0,
          documents: Int32Array.from({ length: 9 }, (_, i) => i),
          scores: new Float32Array(9),
          reasons,
          positives: new Int32Array(0),
          positiveScores: new Float32Array(0),
          self: Int32Array.of(-1, -1),
          features: { twins },
        });
        expect(reasons[0]).toBe(0);
        expect(reasons[2]).toBe(CODE.max_score);
        for (let place = 0; place < 9; place++) {
          if (place === 2) continue;
          const like = [...row(place).subarray(0, place).entries()]
            .sort(([i, a], [j, b]) => b - a || i - j)
            .slice(0, TWIN_WIDTH / 2)
            .filter(([other, value]) => value > above && other !== 2);
          expect(reasons[place]).toBe(like.length > 0 ? CODE.near_duplicate_negative : 0);
        }
      }),
    );
  });
});
