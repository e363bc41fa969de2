import { ownerMap } from '@quarry/activities/mining/owner-map';
import { pairOf, pairsInOrder } from '@quarry/activities/mining/pairs';
import { expect, it } from 'vitest';
import { pairsOf } from './saha-problem.ts';

it('the owner map lists the owners of each document in data-set order', () => {
  // Query 2 comes first in the data set; document 1 has no owner.
  const pairs = pairsOf(
    [
      [2, 0],
      [0, 2],
      [1, 0],
      [0, 0],
    ],
    3,
  );
  expect([...pairs.pairDocument]).toEqual([2, 0, 0, 0]);
  expect([...pairsInOrder(pairs)]).toEqual([3, 0, 2, 1]);
  const { ownerOffsets, ownerQuery, ownerPair } = ownerMap(pairs, 3);
  expect([...ownerOffsets]).toEqual([0, 3, 3, 4]);
  expect([...ownerQuery]).toEqual([2, 1, 0, 0]);
  expect([...ownerPair]).toEqual([3, 2, 1, 0]);
  expect(pairOf(pairs, 0, 2)).toBe(0);
  expect(pairOf(pairs, 1, 2)).toBe(-1);
});
