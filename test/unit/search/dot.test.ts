import { dot, dotErrorBound, dotRows } from '@quarry/activities/mining/dot';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bestByDefinition } from './brute-force.ts';

const elements = { noNaN: true, noDefaultInfinity: true, min: -(2 ** 50), max: 2 ** 50 };
const problem = fc
  .record({ dimension: fc.integer({ min: 1, max: 23 }), rows: fc.integer({ min: 1, max: 9 }) })
  .chain(({ dimension, rows }) =>
    fc.record({
      query: fc.float32Array({ ...elements, minLength: dimension, maxLength: dimension }),
      documents: fc.float32Array({
        ...elements,
        minLength: dimension * rows,
        maxLength: dimension * rows,
      }),
    }),
  );

it('dot and dotRows sum in the promised order, wherever the rows lie', () => {
  fc.assert(
    fc.property(problem, ({ query, documents }) => {
      const dimension = query.length;
      const rows = documents.length / dimension;
      const expected = new Map(bestByDefinition(query, documents, dimension, rows).all[0]);
      const order = Int32Array.from({ length: rows + 2 }, (_, i) => (i * 7 + 3) % rows);
      const scores = new Float32Array(rows);
      dotRows(Float64Array.from(query), documents, order, 1, rows + 1, scores);
      for (let i = 0; i < rows; i++) {
        expect(dot(query, 0, documents, i * dimension, dimension)).toBe(expected.get(i));
        expect(scores[i]).toBe(expected.get(order[1 + i]!));
      }
    }),
  );
});

it('the error bound holds for sums in float32 in any order', () => {
  fc.assert(
    fc.property(problem, fc.infiniteStream(fc.nat()), ({ query, documents }, picks) => {
      const dimension = query.length;
      // Adds two of the terms that are left, chosen at random, until one is left; every step rounds to float32.
      const terms = Array.from(query, (x, i) => Math.fround(x * documents[i]!));
      const pick = (): number => terms.splice((picks.next().value as number) % terms.length, 1)[0]!;
      while (terms.length > 1) terms.push(Math.fround(pick() + pick()));
      const norm = (v: Float32Array): number => Math.hypot(...v.subarray(0, dimension));
      const error = Math.abs(terms[0]! - dot(query, 0, documents, 0, dimension));
      expect(error).toBeLessThanOrEqual(dotErrorBound(dimension, norm(query) * norm(documents)));
    }),
    { numRuns: 500 },
  );
});
