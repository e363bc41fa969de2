import { ExactIndex } from '@quarry/activities/index/exact-index';
import { Ranking } from '@quarry/activities/index/ranking';
import type { Vectors } from '@quarry/activities/index/vectors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestByDefinition } from './brute-force.ts';
import { randomNumbers } from './synthetic-vectors.ts';

const control = { aborted: false, progress: () => {} };

/** Exact search of each part, merged as the merge stage does. */
async function searchInParts(
  queries: Float32Array,
  documents: Float32Array,
  dimension: number,
  k: number,
  cuts: readonly number[],
): Promise<{ ids: number[][]; scores: number[][] }> {
  const rows = queries.length / dimension;
  const rankings = Array.from({ length: rows }, () => new Ranking(k));
  const bounds = [0, ...cuts, documents.length / dimension];
  for (let part = 0; part + 1 < bounds.length; part++) {
    const [start, end] = [bounds[part]!, bounds[part + 1]!];
    const vectors: Vectors = {
      data: documents.slice(start * dimension, end * dimension),
      rows: end - start,
      dimension,
    };
    const index = await ExactIndex.over(vectors, 1);
    const hits = await index.search({ data: queries, rows, dimension }, k, control);
    rankings.forEach((ranking, query) => {
      for (let i = query * k; i < (query + 1) * k && hits.ids[i]! >= 0; i++) {
        ranking.offer(hits.ids[i]! + start, hits.scores[i]!);
      }
    });
    await index.close();
  }
  return {
    ids: rankings.map((ranking) => [...ranking.rows.subarray(0, ranking.size)]),
    scores: rankings.map((ranking) => [...ranking.scores.subarray(0, ranking.size)]),
  };
}

const shape = fc.record({
  seed: fc.integer(),
  dimension: fc.integer({ min: 1, max: 9 }),
  documents: fc.integer({ min: 1, max: 120 }),
  queries: fc.integer({ min: 1, max: 6 }),
  k: fc.integer({ min: 1, max: 140 }),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  duplicates: fc.double({ min: 0, max: 0.9, noNaN: true }),
});

async function checkShape(
  s: typeof shape extends fc.Arbitrary<infer T> ? T : never,
  element: (r: () => number) => number,
) {
  const random = randomNumbers(s.seed);
  const make = (rows: number): Float32Array =>
    Float32Array.from({ length: rows * s.dimension }, () => element(random));
  const documents = make(s.documents);
  for (let row = 1; row < s.documents; row++) {
    if (random() >= s.duplicates) continue;
    const from = Math.floor(random() * row) * s.dimension;
    documents.copyWithin(row * s.dimension, from, from + s.dimension);
  }
  const queries = make(s.queries);
  const cuts = s.cuts.map((cut) => Math.floor(cut * s.documents)).sort((a, b) => a - b);
  const { ids, scores } = bestByDefinition(queries, documents, s.dimension, s.k);
  expect(await searchInParts(queries, documents, s.dimension, s.k, cuts)).toEqual({ ids, scores });
}

describe('exact search in parts is search by definition', () => {
  it('with ties everywhere: elements -1, 0 and 1, and equal vectors', async () => {
    await fc.assert(
      fc.asyncProperty(shape, (s) => checkShape(s, (random) => Math.floor(random() * 3) - 1)),
      {
        numRuns: 150,
      },
    );
  });

  it('with random numbers that are not normalised, and equal vectors', async () => {
    await fc.assert(
      fc.asyncProperty(shape, (s) => checkShape(s, (random) => (random() - 0.5) * 10 ** (8 * random() - 4))),
      {
        numRuns: 100,
      },
    );
  });

  it('with near ties: scores that differ by less than a GEMM rounds', async () => {
    await fc.assert(
      fc.asyncProperty(shape, (s) => checkShape(s, (random) => 1 + Math.floor(random() * 4) * 2 ** -23)),
      { numRuns: 100 },
    );
  });

  it.each([
    ['ties', (random: () => number) => Math.floor(random() * 3) - 1],
    ['near ties', (random: () => number) => 1 + Math.floor(random() * 4) * 2 ** -23],
    ['random numbers', (random: () => number) => random() - 0.5],
  ])('over several blocks of queries and documents: %s', async (_, element) => {
    const random = randomNumbers(7);
    const dimension = 6;
    const documents = Float32Array.from({ length: 35_000 * dimension }, () => element(random));
    const queries = Float32Array.from({ length: 300 * dimension }, () => element(random));
    const sample = queries.subarray(290 * dimension);
    const expected = bestByDefinition(sample, documents, dimension, 50);
    const found = await searchInParts(queries, documents, dimension, 50, [33_100]);
    expect(found.ids.slice(290)).toEqual(expected.ids);
    expect(found.scores.slice(290)).toEqual(expected.scores);
    expect(found.ids.slice(0, 3)).toEqual(
      bestByDefinition(queries.subarray(0, 3 * dimension), documents, dimension, 50).ids,
    );
  });
});
