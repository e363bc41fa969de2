import { Hubness, NEIGHBOURS } from '@quarry/activities/mining/hubness';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const DOCUMENTS = 12;
const list = fc.uniqueArray(
  fc.record({ document: fc.nat(DOCUMENTS - 1), score: fc.float({ min: -1, max: 1, noNaN: true }) }),
  { selector: ({ document }) => document, minLength: 1 },
);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('hubness', () => {
  it('is the mean of the ten best scores, a missing one counting as the mean last score of the lists', () => {
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 15 }), (lists) => {
        const hubness = new Hubness(DOCUMENTS, lists.length);
        for (const [query, rows] of lists.entries()) {
          hubness.add(
            query,
            Int32Array.from([...rows.map(({ document }) => document), -1]),
            Float32Array.from([...rows.map(({ score }) => score), 9]),
          );
        }
        const best = (scores: number[]): number[] => scores.sort((a, b) => b - a).slice(0, NEIGHBOURS);
        const last = mean(lists.map((rows) => Math.min(...rows.map(({ score }) => score))));
        const found = hubness.documents();
        for (let document = 0; document < DOCUMENTS; document++) {
          const scores = lists.flatMap((rows) =>
            rows.filter((row) => row.document === document).map(({ score }) => score),
          );
          expect(hubness.lists[document]).toBe(scores.length);
          const ten = best(scores);
          expect(found[document]).toBeCloseTo(
            mean([...ten, ...new Array<number>(NEIGHBOURS - ten.length).fill(last)]),
            5,
          );
        }
        lists.forEach((rows, query) => {
          expect(hubness.queries[query]).toBeCloseTo(mean(best(rows.map(({ score }) => score))), 5);
        });
      }),
    );
  });

  it('does not depend on the order of the queries', () => {
    fc.assert(
      fc.property(fc.array(list, { minLength: 2, maxLength: 8 }), (lists) => {
        const measure = (order: readonly number[]): Float32Array => {
          const hubness = new Hubness(DOCUMENTS, lists.length);
          for (const query of order) {
            const rows = lists[query]!;
            const documents = Int32Array.from(rows, ({ document }) => document);
            hubness.add(
              query,
              documents,
              Float32Array.from(rows, ({ score }) => score),
            );
          }
          return hubness.nearest;
        };
        const order = [...lists.keys()];
        expect([...measure(order)]).toEqual([...measure(order.reverse())]);
      }),
    );
  });
});
