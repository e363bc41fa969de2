import { createRequire } from 'node:module';
import { runEdges } from '@quarry/activities/tables/run-edges';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const rle = createRequire(import.meta.resolve('@quarry/activities/package.json'))(
  'parquetjs-lite/lib/codec/rle.js',
) as {
  decodeValues(
    type: string,
    cursor: { buffer: Buffer; offset: number },
    count: number,
    options: { bitWidth: number; disableEnvelope: boolean },
  ): number[];
};

/** Runs as a writer may choose them: repeated (up to 40) or bit-packed (groups of 8). */
function encode(runs: readonly { packed: boolean; values: readonly number[] }[], bitWidth: number): Buffer {
  const bytes: number[] = [];
  for (const { packed, values } of runs) {
    if (!packed) {
      bytes.push(values.length << 1);
      for (let i = 0; i < Math.ceil(bitWidth / 8); i++) bytes.push((values[0]! >>> (8 * i)) & 0xff);
      continue;
    }
    bytes.push(((values.length / 8) << 1) | 1);
    const bits = values.flatMap((value) => Array.from({ length: bitWidth }, (_, bit) => (value >>> bit) & 1));
    for (let i = 0; i < bits.length; i += 8) {
      bytes.push(bits.slice(i, i + 8).reduce((byte, bit, at) => byte | (bit << at), 0));
    }
  }
  return Buffer.from(bytes);
}

test('first and last value are those that parquetjs-lite decodes', () => {
  const input = fc.integer({ min: 1, max: 8 }).chain((bitWidth) => {
    const value = fc.integer({ min: 0, max: 2 ** bitWidth - 1 });
    const packed = fc
      .integer({ min: 1, max: 5 })
      .chain((groups) => fc.array(value, { minLength: groups * 8, maxLength: groups * 8 }))
      .map((values) => ({ packed: true, values }));
    const repeated = fc
      .tuple(value, fc.integer({ min: 1, max: 40 }))
      .map(([one, length]) => ({ packed: false, values: new Array<number>(length).fill(one) }));
    const runs = fc.array(fc.oneof(packed, repeated), { minLength: 1, maxLength: 6 });
    return fc.tuple(fc.constant(bitWidth), runs, fc.integer({ min: 0, max: 7 }));
  });
  fc.assert(
    fc.property(input, ([bitWidth, runs, padding]) => {
      const buffer = encode(runs, bitWidth);
      const all = runs.flatMap(({ values }) => values);
      const spare = runs.at(-1)!.packed ? padding : 0;
      const values = all.slice(0, all.length - spare);
      const options = { bitWidth, disableEnvelope: true };
      expect(rle.decodeValues('INT32', { buffer, offset: 0 }, values.length, options)).toEqual(values);
      const edges = runEdges(buffer, 0, bitWidth, values.length, 1);
      expect([edges.first, edges.last]).toEqual([values[0], values.at(-1)]);
      expect(edges.count).toBe(values.filter((value) => value === 1).length);
    }),
  );
});
