import { paddedLength, rowsOfBatch, TOKENS_PER_BATCH } from '@quarry/activities/embedder/fixed-shapes';
import { ShapedBatches } from '@quarry/activities/embedder/shaped-batches';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('padded lengths lie on a geometric grid, eight per doubling', () => {
  const lengths = new Set(Array.from({ length: 512 }, (_, i) => paddedLength(i + 1, 512)));
  expect([...lengths].filter((length) => length >= 16 && length <= 64)).toEqual([
    16, 18, 20, 22, 24, 26, 28, 30, 32, 36, 40, 44, 48, 52, 56, 60, 64,
  ]);
  expect([...lengths].filter((length) => length > 256)).toHaveLength(8);
});

test('a padded length holds its row, wastes at most an eighth, and never passes the model', () => {
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 9000 }), fc.integer({ min: 1, max: 9000 }), (max, tokens) => {
      fc.pre(tokens <= max);
      const length = paddedLength(tokens, max);
      expect(length).toBeGreaterThanOrEqual(tokens);
      expect(length).toBeLessThanOrEqual(max);
      if (tokens >= 8) expect(length).toBeLessThanOrEqual(tokens * 1.125 + 1);
      expect(rowsOfBatch(length) * length).toBeLessThanOrEqual(Math.max(TOKENS_PER_BATCH, length));
    }),
  );
});

test('every row comes out in exactly one batch, whose shape follows from the length alone', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { maxLength: 400 }), (counts) => {
      const shaped = new ShapedBatches<{ ids: number[]; truncated: boolean; row: number }>(256, false);
      const items = counts.map((count, row) => ({
        ids: new Array<number>(count).fill(7),
        truncated: false,
        row,
      }));
      const full = items.map((item) => shaped.add(item)).filter((batch) => batch !== null);
      for (const batch of full) expect(batch.items).toHaveLength(batch.rows);
      const all = [...full, ...shaped.rest()];
      const shapes = new Map<number, number>();
      for (const { length, rows, items: members } of all) {
        expect(members.length).toBeLessThanOrEqual(rows);
        expect(shapes.get(length) ?? rows).toBe(rows);
        shapes.set(length, rows);
        for (const { ids } of members) expect(paddedLength(ids.length, 256)).toBe(length);
      }
      const rows = all.flatMap((batch) => batch.items.map(({ row }) => row)).sort((a, b) => a - b);
      expect(rows).toEqual(items.map(({ row }) => row));
      expect([...shaped.rest()]).toEqual([]);
    }),
  );
});

test('one row at a time means a batch of one, without padding', () => {
  const shaped = new ShapedBatches(256, true);
  expect(shaped.add({ ids: [1, 2, 3], truncated: false })).toMatchObject({ rows: 1, length: 3 });
  expect([...shaped.rest()]).toEqual([]);
});
