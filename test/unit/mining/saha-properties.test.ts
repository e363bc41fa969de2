import { noClaims } from '@quarry/activities/mining/claims';
import { MiningTally } from '@quarry/activities/mining/mining-tally';
import { isPositive } from '@quarry/activities/mining/pairs';
import { type Cluster, formClusters } from '@quarry/activities/mining/saha';
import { judgeShard } from '@quarry/activities/mining/shard-verdicts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SahaProblem, sahaOf } from './saha-problem.ts';

/** Few, small whole numbers: many equal scores, equal vectors, shared documents and several positives. */
const vector = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 });
const problem: fc.Arbitrary<SahaProblem> = fc
  .record({
    queries: fc.array(vector, { minLength: 1, maxLength: 30 }),
    documents: fc.array(vector, { minLength: 1, maxLength: 30 }),
    picks: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
    topK: fc.integer({ min: 1, max: 4 }),
    poolMultiplier: fc.integer({ min: 1, max: 3 }),
    classification: fc.boolean(),
  })
  .map(({ picks, ...rest }) => {
    // Every query has a positive; equal pairs count once.
    const all = [...rest.queries.map((_, query): [number, number] => [query, query * 7]), ...picks]
      .map(([query, document]) => [query % rest.queries.length, document % rest.documents.length] as const)
      .map(([query, document]) => `${query},${document}`);
    const rows = [...new Set(all)].map((row) => row.split(',').map(Number) as [number, number]);
    return { ...rest, rows: rows.reverse(), form: 'strict' as const };
  });

function mined(given: SahaProblem) {
  const saha = sahaOf(given);
  const claims = noClaims(given.queries.length);
  return { saha, claims, clusters: [...formClusters(saha, claims)] };
}

const pairsOfCluster = ({ anchor, members }: Cluster): number[] => [anchor, ...members];

describe('the strict form, on any data', () => {
  it('makes clusters of distinct queries and distinct documents, none a known positive of another member', () => {
    fc.assert(
      fc.property(problem, (given) => {
        const { saha, clusters } = mined(given);
        const { pairQuery, pairDocument } = saha.pairs;
        for (const cluster of clusters) {
          const pairs = pairsOfCluster(cluster);
          expect(pairs.length).toBeGreaterThan(1);
          expect(pairs.length).toBeLessThanOrEqual(given.topK + 1);
          expect(new Set(pairs.map((pair) => pairQuery[pair])).size).toBe(pairs.length);
          expect(new Set(pairs.map((pair) => pairDocument[pair])).size).toBe(pairs.length);
          for (const a of pairs) {
            for (const b of pairs) {
              expect(isPositive(saha.pairs, pairQuery[a]!, pairDocument[b]!)).toBe(a === b);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('claims every query at most once in phase 1, and once more in phase 2', () => {
    fc.assert(
      fc.property(problem, (given) => {
        const { saha, clusters } = mined(given);
        for (const phase of [1, 2]) {
          const made = clusters.filter((cluster) => cluster.phase === phase);
          const claimed = made
            .flatMap((cluster) => (phase === 1 ? pairsOfCluster(cluster) : cluster.members))
            .map((pair) => saha.pairs.pairQuery[pair]);
          expect(new Set(claimed).size).toBe(claimed.length);
        }
        const anchors = clusters.map(({ anchor }) => saha.pairs.pairQuery[anchor]);
        expect(new Set(anchors).size).toBe(anchors.length);
      }),
    );
  });

  it('depends neither on how the queries are cut nor on how many owners are listed', () => {
    const cut = fc.record({
      blockRows: fc.integer({ min: 1, max: 9 }),
      ownersListed: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(problem, cut, fc.boolean(), (given, cuts, keepUnowned) => {
        const whole = mined(given);
        const parts = mined({ ...given, ...cuts });
        expect(parts.clusters).toEqual(whole.clusters);
        const cutVerdicts = verdictsOf(parts, given, keepUnowned, cuts.blockRows);
        expect(cutVerdicts).toEqual(verdictsOf(whole, given, keepUnowned, given.queries.length));
      }),
    );
  });
});

/** Verdicts of all queries, judged shard by shard. */
function verdictsOf(
  { saha, claims }: ReturnType<typeof mined>,
  given: SahaProblem,
  keepUnowned: boolean,
  shardRows: number,
) {
  const tally = new MiningTally(2);
  const all = { reasons: [] as number[], kept: [] as number[], pairs: [] as number[] };
  for (let start = 0; start < given.queries.length; start += shardRows) {
    const end = Math.min(start + shardRows, given.queries.length);
    const { k } = saha.candidates(start);
    const documents = new Int32Array((end - start) * k);
    for (let query = start; query < end; query++) {
      const block = saha.candidates(query);
      const from = (query - block.start) * k;
      documents.set(block.documents.subarray(from, from + k), (query - start) * k);
    }
    const positives = saha.pairs.queryPairs[end]! - saha.pairs.queryPairs[start]!;
    const scores = new Float32Array(documents.length);
    const positiveScores = new Float32Array(positives);
    const shard = { start, end, k, documents, scores, positiveScores };
    const judged = judgeShard(saha, claims, shard, keepUnowned, tally);
    all.reasons.push(...judged.reasons);
    all.kept.push(...judged.kept);
    all.pairs.push(...judged.pairs);
  }
  return { ...all, figures: tally.figures() };
}

describe('verdicts, on any data', () => {
  it('account for every candidate, and keep exactly the clusters (and what nobody owns, if asked to)', () => {
    fc.assert(
      fc.property(problem, fc.boolean(), (given, keepUnowned) => {
        const result = mined(given);
        const { saha, clusters } = result;
        const { reasons, kept, pairs, figures } = verdictsOf(result, given, keepUnowned, 5);
        const { k } = saha.candidates(0);
        expect(figures.funnel.candidates).toBe(given.queries.length * k);
        const owned = new Set(given.rows.map(([, document]) => document));
        const byQuery = new Map(clusters.map((made) => [saha.pairs.pairQuery[made.anchor]!, made]));
        for (const query of given.queries.keys()) {
          const places = kept
            .slice(query * given.topK, (query + 1) * given.topK)
            .filter((place) => place >= 0);
          const block = saha.candidates(query);
          const documents = places.map((place) => block.documents[(query - block.start) * k + place]!);
          const made = byQuery.get(query);
          const members = (made?.members ?? []).map((pair) => saha.pairs.pairDocument[pair]!);
          expect(documents.slice(0, members.length)).toEqual(members);
          const rest = documents.slice(members.length);
          expect(rest.some((document) => owned.has(document))).toBe(false);
          if (!keepUnowned) expect(rest).toEqual([]);
          expect(pairs[query]).toBe(made ? made.anchor : places.length > 0 ? -1 : -2);
          const zeros = reasons.slice(query * k, (query + 1) * k).filter((code) => code === 0).length;
          expect(zeros).toBe(places.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
