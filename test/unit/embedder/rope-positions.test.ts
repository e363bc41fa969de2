import { ropePositions } from '@quarry/activities/embedder/rope-positions';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const IMAGE = 9;

/** Rows of an axis, for reading beside the ids. */
const listed = (ids: readonly number[], grid: readonly [number, number, number] | null, start = 0) =>
  ropePositions(ids, IMAGE, grid, start).map((axis) => [...axis]);

describe('positions on three axes, as in section 2.1 of arXiv 2409.12191', () => {
  test('of a text count alike, from where a baked prefix ends', () => {
    expect(listed([5, 6, 7], null)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(listed([5, 6], null, 41)).toEqual([
      [41, 42],
      [41, 42],
      [41, 42],
    ]);
  });

  test('of an image between texts: frame, row and column, then one behind the furthest', () => {
    // The paper's figure 3 in small: a text of two, an image of 2 x 3 tokens, a text of two.
    expect(listed([5, 6, ...Array<number>(6).fill(IMAGE), 7, 8], [1, 2, 3])).toEqual([
      [0, 1, 2, 2, 2, 2, 2, 2, 5, 6],
      [0, 1, 2, 2, 2, 3, 3, 3, 5, 6],
      [0, 1, 2, 3, 4, 2, 3, 4, 5, 6],
    ]);
  });

  test('of several frames: time counts too', () => {
    expect(listed([...Array<number>(8).fill(IMAGE), 7], [2, 2, 2], 3)).toEqual([
      [3, 3, 3, 3, 4, 4, 4, 4, 5],
      [3, 3, 4, 4, 3, 3, 4, 4, 5],
      [3, 4, 3, 4, 3, 4, 3, 4, 5],
    ]);
  });

  test('of any image: every token a place of its own, and the text goes on as far as the longest side', () => {
    const side = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(side, side, fc.nat(5), fc.nat(50), (h, w, before, start) => {
        const ids = [...Array<number>(before).fill(1), ...Array<number>(h * w).fill(IMAGE), 2, 2];
        const axes = listed(ids, [1, h, w], start);
        const places = axes[0]!.slice(before, before + h * w).map((t, i) => {
          const at = before + i;
          return [t, axes[1]![at]! - t, axes[2]![at]! - t];
        });
        expect(new Set(places.map(String)).size).toBe(h * w);
        expect(places).toEqual(
          Array.from({ length: h * w }, (_, i) => [start + before, Math.floor(i / w), i % w]),
        );
        const end = start + before + Math.max(h, w);
        for (const axis of axes) expect(axis.slice(-2)).toEqual([end, end + 1]);
      }),
    );
  });
});
