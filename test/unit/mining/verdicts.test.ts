import { noClaims } from '@quarry/activities/mining/claims';
import { formClusters } from '@quarry/activities/mining/saha';
import { verdictsOf } from '@quarry/activities/mining/verdicts';
import { REASONS } from '@quarry/workflows';
import { expect, it } from 'vitest';
import { type SahaProblem, sahaOf } from './saha-problem.ts';

/** Angles in degrees: the nearer, the higher the score. Documents 0 to 6 are nearest to all queries in this order. */
const onCircle = (degrees: readonly number[]): number[][] =>
  degrees.map((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]);

const problem: SahaProblem = {
  queries: onCircle([-1, -30, -40, -50, -20]),
  documents: onCircle([0, 1, 2, 3, 4, 5, 6]),
  // Document 3 has no owner; document 6's owner, query 4, has document 0 as a positive too.
  rows: [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 6],
    [4, 0],
    [1, 5],
  ],
  topK: 1,
  poolMultiplier: 4,
  classification: false,
  form: 'strict',
};

function verdicts(given: SahaProblem, query: number, keepUnowned = false) {
  const saha = sahaOf(given);
  const claims = noClaims(given.queries.length);
  const clusters = [...formClusters(saha, claims)];
  const { reasons, kept, pair, owners } = verdictsOf(saha, claims, query, keepUnowned);
  return { clusters, reasons: Array.from(reasons, (code) => REASONS[code]), kept, pair, owners: [...owners] };
}

it('gives every candidate of an anchor one reason, and names the owner it looked at', () => {
  const { reasons, kept, pair, owners } = verdicts(problem, 0);
  // Documents 5 and 1 lead to the same owner, which may join once; the farthest owner, query 3, is kept.
  expect(reasons).toEqual([
    'known_positive',
    'owner_similar',
    'owner_similar',
    'unowned',
    'kept',
    'owner_barred',
    'owner_barred',
  ]);
  expect(owners).toEqual([-1, 1, 2, -1, 3, 1, 4]);
  expect({ kept, pair }).toEqual({ kept: [4], pair: 0 });
});

it('stops looking once the pool is full', () => {
  const { reasons } = verdicts({ ...problem, poolMultiplier: 2 }, 0);
  // 2 K m = 4 documents are retrieved, two owners looked for.
  expect(reasons).toEqual(['known_positive', 'owner_similar', 'kept', 'unowned']);
  expect(verdicts({ ...problem, topK: 2, poolMultiplier: 1 }, 0).reasons).toEqual([
    'known_positive',
    'kept',
    'kept',
    'unowned',
  ]);
});

it('looks no deeper than 2 K m, even where more were retrieved', () => {
  const deep = { ...problem, poolMultiplier: 2, retrieved: 7 };
  expect(verdicts(deep, 0).clusters).toEqual(verdicts({ ...problem, poolMultiplier: 2 }, 0).clusters);
  expect(verdicts(deep, 0).reasons).toEqual([
    'known_positive',
    'owner_similar',
    'kept',
    'unowned',
    'rank_window',
    'rank_window',
    'rank_window',
  ]);
  expect(verdicts(deep, 3, true).reasons.slice(4)).toEqual(['known_positive', 'rank_window', 'rank_window']);
});

it('does not look at the documents behind a full pool', () => {
  // Two owners are looked for; the third document would lead to another one.
  const rows: SahaProblem['rows'] = [
    [0, 3],
    [1, 0],
    [2, 1],
    [3, 2],
  ];
  const given = { ...problem, queries: problem.queries.slice(0, 4), poolMultiplier: 2, rows };
  expect(verdicts(given, 0).reasons).toEqual(['owner_similar', 'kept', 'not_sampled', 'known_positive']);
  expect(verdicts(given, 0).owners).toEqual([1, 2, -1, -1]);
});

it('leaves the candidates of a query that joined an earlier cluster as claimed', () => {
  const { clusters, reasons, kept, pair, owners } = verdicts(problem, 3);
  expect(clusters[0]!.members.map((member) => sahaOf(problem).pairs.pairQuery[member])).toEqual([3]);
  expect(new Set(reasons)).toEqual(new Set(['claimed', 'known_positive', 'unowned']));
  expect(new Set(owners)).toEqual(new Set([-1]));
  expect({ kept, pair }).toEqual({ kept: [], pair: -2 });
});

it('keeps documents without an owner behind the cluster, up to K, if asked to', () => {
  const anchor = verdicts({ ...problem, topK: 2 }, 0, true);
  expect(anchor.kept).toEqual([4, 2]);
  expect(anchor.reasons[3]).toBe('not_sampled');
  const wide = verdicts({ ...problem, topK: 5 }, 0, true);
  expect(wide.kept).toEqual([4, 2, 1, 3]);
  const claimed = verdicts(problem, 3, true);
  expect(claimed.kept.map((place) => claimed.reasons[place])).toEqual(['kept']);
  expect(claimed.pair).toBe(-1);
});

it('says owner_used where all owners joined earlier clusters', () => {
  // Queries 0 and 1 pair up, query 2 finds nobody in phase 1 nor, once query 1 is reused, query 3 in phase 2.
  const rows: SahaProblem['rows'] = [
    [0, 0],
    [1, 1],
    [2, 0],
    [3, 0],
  ];
  const given = { ...problem, queries: problem.queries.slice(0, 4), documents: onCircle([0, 1]), rows };
  expect(verdicts(given, 3)).toMatchObject({ reasons: ['known_positive', 'owner_used'], pair: -2 });
});
