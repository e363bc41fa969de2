import { RecentlyUsed } from '@quarry/activities/tables/recently-used';
import { expect, it } from 'vitest';

it('keeps what was used last, as long as it weighs no more than the limit', () => {
  const made: number[] = [];
  const values = new RecentlyUsed(
    10,
    (key) => {
      made.push(key);
      return { weight: key };
    },
    ({ weight }) => weight,
  );
  for (const key of [4, 5, 4, 4, 5]) expect(values.get(key)).toEqual({ weight: key });
  expect(made).toEqual([4, 5]);
  // 4 was used longer ago than 5 and gives way; 5 and 3 weigh 8 together.
  values.get(3);
  values.get(5);
  expect(made).toEqual([4, 5, 3]);
  values.get(4);
  expect(made).toEqual([4, 5, 3, 4]);
  // Heavier than the limit: it is given, and nothing else stays.
  expect(values.get(11)).toEqual({ weight: 11 });
  values.get(5);
  values.get(11);
  expect(made).toEqual([4, 5, 3, 4, 11, 5, 11]);
});

it('counts values where nothing says what they weigh', () => {
  let made = 0;
  const values = new RecentlyUsed(2, () => made++);
  for (const key of [1, 2, 1, 2, 3, 2]) values.get(key);
  expect(made).toBe(3);
  values.get(1);
  expect(made).toBe(4);
});
