import { placeOfSearchUnit, searchUnits } from '@quarry/workflows/search-units';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const count = fc.integer({ min: 0, max: 5 });
const groupsOf = fc.array(fc.record({ queryShards: count, parts: count }), { minLength: 2, maxLength: 6 });

test('every query shard meets every part of its group once, and no other', () => {
  fc.assert(
    fc.property(groupsOf, (groups) => {
      const expected: string[] = [];
      let [shards, parts] = [0, 0];
      for (const group of groups) {
        for (let shard = 0; shard < group.queryShards; shard++) {
          for (let part = 0; part < group.parts; part++) expected.push(`${shards + shard} ${parts + part}`);
        }
        shards += group.queryShards;
        parts += group.parts;
      }
      const units = searchUnits({ queryShards: shards, parts, groups });
      const found = Array.from({ length: units.count }, (_, number) => placeOfSearchUnit(units, number));
      expect(found.map(({ shard, part }) => `${shard} ${part}`)).toEqual(expected);
      expect(found.every((place) => place.shards === shards)).toBe(true);
    }),
  );
});

test('without groups, as before there were any', () => {
  const units = searchUnits({ queryShards: 3, parts: 2 });
  expect(units).toEqual({ count: 6, parts: 2 });
  expect(placeOfSearchUnit(units, 5)).toEqual({ shard: 2, part: 1, shards: 3 });
});
