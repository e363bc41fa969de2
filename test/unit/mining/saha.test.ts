import { describe, expect, it } from 'vitest';
import { clustersOf, type SahaProblem } from './saha-problem.ts';

/**
 * Queries and documents on a line of angles: the nearer two angles (in degrees), the higher the score. So every
 * expectation below can be checked with a ruler.
 */
function onCircle(degrees: readonly number[]): number[][] {
  return degrees.map((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]);
}

const base = { topK: 1, poolMultiplier: 2, classification: false, form: 'strict' } as const;

function clusters(
  queries: readonly number[],
  documents: readonly number[],
  rows: SahaProblem['rows'],
  settings: Partial<SahaProblem> = {},
): string[] {
  const problem = {
    ...base,
    queries: onCircle(queries),
    documents: onCircle(documents),
    rows,
    ...settings,
  };
  return clustersOf(problem).map(
    ({ phase, anchor, negatives }) => `${phase}: ${anchor} with ${negatives.join(' ')}`,
  );
}

describe('the sequential claim', () => {
  it('keeps of the owners in the pool those least similar to the anchor, and claims every pair once', () => {
    // Query 0 finds documents 1 and 2 (owners at 30 and 10 degrees) and keeps the farther owner, query 1; query 2
    // finds document 0 and 1, whose owners are used, then document 3.
    expect(
      clusters(
        [0, 30, 10, 40],
        [1, 3, 5, 20],
        [
          [0, 0],
          [1, 1],
          [2, 2],
          [3, 3],
        ],
      ),
    ).toEqual(['1: 0 with 1', '1: 2 with 3']);
  });

  it('keeps the first in rank order for a classification set', () => {
    expect(
      clusters(
        [0, 10, 30, 40],
        [1, 3, 5, 20],
        [
          [0, 0],
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        { classification: true },
      ),
    ).toEqual(['1: 0 with 1', '1: 2 with 3']);
    expect(
      clusters(
        [0, 10, 30, 40],
        [1, 3, 5, 20],
        [
          [0, 0],
          [1, 1],
          [2, 2],
          [3, 3],
        ],
      ),
    ).toEqual(['1: 0 with 2', '1: 1 with 3']);
  });

  it('looks at 2 K m documents only', () => {
    // With K = m = 1 two documents are retrieved: each query's own positive, and one that nobody owns.
    const rows: SahaProblem['rows'] = [
      [0, 0],
      [1, 2],
    ];
    expect(clusters([0, 50], [0, 1, 2], rows, { poolMultiplier: 1 })).toEqual([]);
    expect(clusters([0, 50], [0, 1, 2], rows, { poolMultiplier: 2 })).toEqual(['1: 0 with 1']);
  });

  it('takes the most similar free owner of a document, the first in the data set among equals', () => {
    // Document 1 has owners at 20, -20 and 5 degrees; with the last one cut from the list of one it is still found.
    const rows: SahaProblem['rows'] = [
      [0, 0],
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
    ];
    const settings = { topK: 1, poolMultiplier: 1 };
    expect(clusters([0, 20, -20, 5, 90], [0, 1, 90], rows, settings)[0]).toBe('1: 0 with 3');
    const equal: SahaProblem['rows'] = [
      [0, 0],
      [2, 1],
      [1, 1],
    ];
    expect(clusters([0, 20, 20], [0, 1], equal, settings)[0]).toBe('1: 0 with 2');
  });

  it('lets left-over queries use a pair a second time, in phase 2, once', () => {
    // Queries 0 and 1 pair up; queries 2 and 3 share document 0 with query 0 and see nothing else that is free.
    const rows: SahaProblem['rows'] = [
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 0],
    ];
    const made = clusters([0, 1, 2, 3], [0, 1], rows);
    expect(made).toEqual(['1: 0 with 1', '2: 2 with 1']);
  });

  it('gives every pair of a query the chance to be an anchor until one makes a cluster', () => {
    // Row 0 is (0, document 0): document 1's only owner, query 1, has document 0 as a positive too, so it is barred;
    // row 1, (0, document 2), is no positive of query 1.
    const rows: SahaProblem['rows'] = [
      [0, 0],
      [0, 2],
      [1, 1],
      [1, 0],
    ];
    expect(clusters([0, 40], [0, 5, 60], rows)).toEqual(['1: 1 with 2']);
  });
});

describe('the strict form', () => {
  // Both queries have two positives, and all four documents are nearest to query 0.
  const rows: SahaProblem['rows'] = [
    [0, 0],
    [0, 1],
    [1, 2],
    [1, 3],
  ];

  it('takes the retrieved pair of another query, once', () => {
    expect(clusters([0, 10], [0, 1, 2, 3], rows, { topK: 2 })).toEqual(['1: 0 with 2']);
  });

  it('where the reference form takes the anchor itself, an owner twice, and its last pair', () => {
    const reference = { topK: 2, form: 'reference' } as const;
    expect(clusters([0, 10], [0, 1, 2, 3], rows, { ...reference, poolMultiplier: 1 })).toEqual([
      '1: 0 with 3 1',
    ]);
    expect(clusters([0, 10], [0, 1, 2, 3], rows, reference)).toEqual(['1: 0 with 3 3']);
  });

  it('passes over a pair that would train a known positive as a negative', () => {
    // Owners from the farthest: query 2 (document 2), then query 1 (document 1); but document 1 is a positive of
    // query 2 as well, so query 3 (document 3) takes its place. In phase 2 query 2 may not join query 1 either.
    const conflicting: SahaProblem['rows'] = [
      [0, 0],
      [1, 1],
      [2, 2],
      [2, 1],
      [3, 3],
    ];
    expect(clusters([0, 20, 30, 10], [0, 1, 2, 3], conflicting, { topK: 2, poolMultiplier: 2 })).toEqual([
      '1: 0 with 2 4',
      '2: 1 with 0 4',
    ]);
  });
});
