import { dot } from '@quarry/activities/mining/dot';
import { emptyOwnerLists } from '@quarry/activities/mining/owner-lists';
import { distinctDocuments, listOffsets, scoreOwners } from '@quarry/activities/mining/score-owners';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matrixOf } from './rank-exactly.ts';

const DIMENSION = 3;
const vector = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: DIMENSION, maxLength: DIMENSION });

/** Queries with candidates; `owners[d]` are the owners of document d. Small whole numbers: many ties. */
const block = fc
  .record({
    queries: fc.array(vector, { minLength: 1, maxLength: 12 }),
    owners: fc.array(fc.uniqueArray(fc.nat(11), { maxLength: 12 }), { minLength: 1, maxLength: 8 }),
    k: fc.integer({ min: 1, max: 4 }),
    limit: fc.integer({ min: 1, max: 5 }),
    cuts: fc.uniqueArray(fc.nat(12), { maxLength: 3 }),
  })
  .chain((made) =>
    fc.record({
      made: fc.constant(made),
      documents: fc.array(fc.nat(made.owners.length - 1), {
        minLength: made.k * made.queries.length,
        maxLength: made.k * made.queries.length,
      }),
      dropped: fc.array(fc.boolean(), {
        minLength: made.k * made.queries.length,
        maxLength: made.k * made.queries.length,
      }),
    }),
  );

it('lists the most similar owners in order, however the query vectors are cut into windows', () => {
  fc.assert(
    fc.property(block, ({ made, documents, dropped }) => {
      const { queries, k, limit } = made;
      const count = queries.length;
      const ownersOf = made.owners.map((owners) => owners.filter((owner) => owner < count));
      const vectors = matrixOf(queries);
      const reasons = Uint8Array.from(dropped, Number);
      const { distinct, places } = distinctDocuments(Int32Array.from(documents), reasons);
      const offsets = new Int32Array(distinct.length + 1);
      distinct.forEach((document, i) => {
        offsets[i + 1] = offsets[i]! + ownersOf[document]!.length;
      });
      const owned = {
        offsets,
        queries: Int32Array.from([...distinct].flatMap((document) => ownersOf[document]!)),
      };
      const lists = emptyOwnerLists(listOffsets({ places, owners: owned }, limit));
      const bounds = [...new Set([0, ...made.cuts.filter((cut) => cut < count), count])].sort(
        (a, b) => a - b,
      );
      // Windows in descending order: the order of the offers must not matter.
      for (let i = bounds.length - 2; i >= 0; i--) {
        const [start, end] = [bounds[i]!, bounds[i + 1]!];
        const window = { start, end, vectors: vectors.subarray(start * DIMENSION, end * DIMENSION) };
        scoreOwners({ k, vectors, dimension: DIMENSION, places, owners: owned }, window, lists);
      }
      for (const [slot, document] of documents.entries()) {
        const query = Math.floor(slot / k);
        const expected = (dropped[slot] ? [] : ownersOf[document]!)
          .map((owner) => ({
            owner,
            score: dot(vectors, query * DIMENSION, vectors, owner * DIMENSION, DIMENSION),
          }))
          .sort((a, b) => b.score - a.score || a.owner - b.owner)
          .slice(0, limit);
        const [from, to] = [lists.offsets[slot]!, lists.offsets[slot + 1]!];
        expect([...lists.queries.subarray(from, to)]).toEqual(expected.map(({ owner }) => owner));
        expect([...lists.scores.subarray(from, to)]).toEqual(expected.map(({ score }) => score));
        expect(lists.filled[slot]).toBe(expected.length);
      }
    }),
    { numRuns: 300 },
  );
});
