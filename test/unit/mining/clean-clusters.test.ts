import type { CleanPairs } from '@quarry/activities/mining/clean-clusters/clean-pairs';
import { Clique } from '@quarry/activities/mining/clean-clusters/clique';
import { formCleanClusters } from '@quarry/activities/mining/clean-clusters/form-clean-clusters';
import { isPositive } from '@quarry/activities/mining/pairs';
import { CODE } from '@quarry/activities/mining/reason-codes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sahaOf } from './saha-problem.ts';

const DIMENSION = 3;

interface Problem {
  readonly vectors: readonly (readonly number[])[];
  readonly extra: readonly (readonly [number, number])[];
  readonly topK: number;
  readonly above: number;
  readonly retrieved: number;
  readonly unowned: number;
}

const vector = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: DIMENSION, maxLength: DIMENSION });
const problems: fc.Arbitrary<Problem> = fc.record({
  vectors: fc.array(vector, { minLength: 2, maxLength: 24 }),
  extra: fc.array(fc.tuple(fc.nat(23), fc.nat(23)), { maxLength: 6 }),
  topK: fc.integer({ min: 1, max: 6 }),
  above: fc.integer({ min: -40, max: 120 }),
  retrieved: fc.integer({ min: 1, max: 12 }),
  unowned: fc.nat(10),
});

/** Query i has positive i and perhaps others; a pair looks like an answer to a query where their inner product is high. */
function spaceOf(
  { vectors, extra, topK, above, retrieved, unowned }: Problem,
  blockRows?: number,
): CleanPairs {
  const count = vectors.length;
  const rows = new Map<string, readonly [number, number]>();
  for (let i = 0; i < count; i++) rows.set(`${i} ${i}`, [i, i]);
  for (const [query, document] of extra) {
    if (query < count && document < count) rows.set(`${query} ${document}`, [query, document]);
  }
  const { pairs, candidates } = sahaOf({
    queries: vectors,
    documents: [...vectors, ...Array.from({ length: unowned }, (_, i) => [i, 8, -i])],
    rows: [...rows.values()],
    topK,
    poolMultiplier: 1,
    classification: false,
    form: 'strict',
    retrieved,
    ...(blockRows !== undefined && { blockRows }),
  });
  const product = (a: number, b: number): number =>
    vectors[a]!.reduce((sum, x, i) => sum + x * vectors[b]![i]!, 0);
  const self = new Int32Array(2 * count).fill(-1);
  if (count > 3) self[0] = 3;
  const offsets = new Int32Array(count + 1).fill(1);
  offsets[0] = 0;
  return {
    topK,
    pairs,
    candidates,
    self,
    promoted: { offsets, documents: Int32Array.of(1) },
    excess: (a, b) => product(pairs.pairQuery[a]!, pairs.pairDocument[b]!) - above,
    similarity: product,
  };
}

describe('clean clusters', () => {
  it('hold pairs of which every two are clean for each other, none of them twice', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const space = spaceOf(problem);
        const { pairQuery, pairDocument } = space.pairs;
        for (const { anchor, members, scores } of formCleanClusters(space)) {
          const all = [anchor, ...members];
          expect(members.length).toBeLessThanOrEqual(problem.topK);
          expect(scores).toEqual(
            members.map((pair) => space.similarity(pairQuery[anchor]!, pairQuery[pair]!)),
          );
          expect(new Set(all.map((pair) => pairQuery[pair])).size).toBe(all.length);
          for (const a of all) {
            for (const b of all) {
              if (a === b) continue;
              expect(space.excess(a, b)).toBeLessThanOrEqual(0);
              expect(isPositive(space.pairs, pairQuery[a]!, pairDocument[b]!)).toBe(false);
              // The query 0 is document 3 itself, and a round before promoted document 1 for it.
              if (pairQuery[a] === 0) expect([1, 3]).not.toContain(pairDocument[b]);
            }
          }
        }
      }),
    );
  });

  it('are full, or no pair of the data set could join them; a query in none is compatible with no pair', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const space = spaceOf(problem);
        const { pairQuery } = space.pairs;
        const pairs = [...pairQuery.keys()];
        const covered = new Set<number>();
        for (const { anchor, members } of formCleanClusters(space)) {
          const all = [anchor, ...members];
          for (const pair of all) covered.add(pairQuery[pair]!);
          if (members.length === problem.topK) continue;
          const joins = pairs.filter((pair) => all.every((member) => new Clique(space, member).admits(pair)));
          expect(joins).toEqual([]);
        }
        for (const pair of pairs) {
          if (covered.has(pairQuery[pair]!)) continue;
          expect(pairs.filter((other) => new Clique(space, pair).admits(other))).toEqual([]);
        }
      }),
    );
  });

  it('are the same, however candidates are cut into blocks', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        expect([...formCleanClusters(spaceOf(problem, 5))]).toEqual([...formCleanClusters(spaceOf(problem))]);
      }),
    );
  });

  it('take what the chain passed in rank order before anything else, and never what it dropped', () => {
    // On a line, so that the rank of a document is its distance; everything passes the pair rule.
    const vectors = Array.from({ length: 12 }, (_, i) => [Math.cos(i / 12), Math.sin(i / 12)]);
    const base = spaceOf({ vectors, extra: [], topK: 3, above: 1e9, retrieved: 6, unowned: 0 });
    const [first] = formCleanClusters(base);
    expect(first).toMatchObject({ anchor: 0, phase: 1, members: [2, 4, 5] });
    const block = base.candidates(0);
    const reasons = Uint8Array.from(block.reasons);
    reasons[block.documents.indexOf(2)] = CODE.max_score;
    const dropped = { ...base, candidates: () => ({ ...block, reasons }) };
    const [second] = formCleanClusters(dropped);
    expect(second).toMatchObject({ anchor: 0, phase: 2 });
    expect(second!.members.slice(0, 2)).toEqual([4, 5]);
    expect(second!.members[2]).toBeGreaterThan(5);
  });
});
