import { createHash } from 'node:crypto';
import { smartResize } from '@quarry/activities/images/smart-resize';
import { describe, expect, test } from 'vitest';
import { golden } from './golden.ts';

const [SMALLEST, LARGEST, BLOCK] = [28, 4000, 100];
const PATCHES = { patchSize: 14, mergeSize: 2, temporalPatchSize: 2 };

describe("sizes are those of transformers' smart_resize", () => {
  test.each(golden.sizes)(
    'for all of 28 to 4,000 pixels, at most $maxPixels',
    ({ minPixels, maxPixels, blocks }) => {
      const width = LARGEST - SMALLEST + 1;
      const limits = { ...PATCHES, minPixels, maxPixels };
      const found: string[] = [];
      for (let start = SMALLEST; start <= LARGEST; start += BLOCK) {
        const rows = Math.min(BLOCK, LARGEST + 1 - start);
        const sizes = new Int32Array(rows * width * 2);
        for (let i = 0; i < rows * width; i++) {
          const image = { height: start + Math.floor(i / width), width: SMALLEST + (i % width) };
          const size = smartResize(image, limits);
          sizes[2 * i] = size.height;
          sizes[2 * i + 1] = size.width;
        }
        found.push(createHash('sha256').update(new Uint8Array(sizes.buffer)).digest('hex').slice(0, 16));
      }
      expect(found).toEqual(blocks);
    },
  );

  test('halves are rounded to even, as Python does', () => {
    const limits = { ...PATCHES, minPixels: 1, maxPixels: 1e9 };
    expect(smartResize({ width: 70, height: 126 }, limits)).toEqual({ width: 56, height: 112 });
  });

  test('an image of more than 200 to 1 is refused', () => {
    const limits = { ...PATCHES, minPixels: 3136, maxPixels: 200704 };
    expect(() => smartResize({ width: 4020, height: 20 }, limits)).toThrow(/200 to 1/);
  });
});
