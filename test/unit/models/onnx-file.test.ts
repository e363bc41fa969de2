import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf } from '@quarry/activities/embedder/onnx/bytes';
import { concat, header, int, message, text } from '@quarry/activities/embedder/onnx/encode';
import { GRAPH, modelBytes, nodeField } from '@quarry/activities/embedder/onnx/graph-parts';
import { OnnxFile } from '@quarry/activities/embedder/onnx/onnx-file';
import { fieldsIn, int64At, varintAt } from '@quarry/activities/embedder/onnx/wire';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { TINY, tinyDirectory } from './tiny-models.ts';

const scratch = mkdtempSync(join(tmpdir(), 'quarry-onnx-'));
afterAll(() => rmSync(scratch, { recursive: true }));
let files = 0;
const place = (): string => join(scratch, `${files++}.onnx`);
const written = (bytes: Uint8Array): string => {
  const path = place();
  writeFileSync(path, bytes);
  return path;
};
const everything = { keep: () => true };

/** A field of any number and kind; unknown ones to us, most of them. */
const anyField = fc.oneof(
  fc.tuple(fc.integer({ min: 40, max: 5000 }), fc.maxSafeInteger()).map(([n, value]) => int(n, value)),
  fc
    .tuple(fc.integer({ min: 40, max: 5000 }), fc.uint8Array({ maxLength: 300 }))
    .map(([n, value]) => message(n, value)),
  fc
    .tuple(fc.integer({ min: 40, max: 900 }), fc.uint8Array({ minLength: 8, maxLength: 8 }))
    .map(([n, value]) => concat(varintOf(n * 8 + 1), value)),
);
const name = fc.string({ unit: 'grapheme', maxLength: 40 });
const anyNode = fc
  .tuple(fc.array(name, { maxLength: 4 }), name, name, fc.array(anyField, { maxLength: 3 }))
  .map(([inputs, output, operator, more]) =>
    message(GRAPH.node, ...inputs.map((i) => text(1, i)), text(2, output), text(4, operator), ...more),
  );
const anyTensor = fc
  .tuple(fc.array(fc.nat(9), { maxLength: 3 }), name, fc.uint8Array({ maxLength: 400 }), anyField)
  .map(([shape, label, raw, more]) =>
    message(
      GRAPH.initializer,
      ...shape.map((n) => int(1, n)),
      int(2, 1),
      text(8, label),
      message(9, raw),
      more,
    ),
  );
const anyModel = fc
  .tuple(
    fc.array(anyField, { maxLength: 4 }),
    fc.array(fc.oneof(anyNode, anyTensor, anyField), { maxLength: 12 }),
    fc.array(anyField, { maxLength: 4 }),
  )
  .map(([before, graph, after]) => concat(...before, message(7, ...graph), ...after));

describe('an ONNX file', () => {
  test('written without a change has the same bytes, unknown fields too', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, async (bytes) => {
        const target = place();
        const { sha256, bytes: size } = await OnnxFile.read(written(bytes)).write(target, everything);
        expect(readFileSync(target)).toEqual(Buffer.from(bytes));
        expect(size).toBe(bytes.length);
        expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      }),
      { numRuns: 200 },
    );
  });

  test.each(TINY)('of a real exporter (%s) has the same bytes as well', async (tiny) => {
    const graph = tiny.includes('-vl') || tiny.includes('vlm') ? 'decoder_model_merged' : 'model';
    const source = join(tinyDirectory(tiny), 'onnx', `${graph}.onnx`);
    const target = place();
    await OnnxFile.read(source).write(target, everything);
    expect(readFileSync(target).equals(readFileSync(source))).toBe(true);
  });

  test('changed keeps the bytes of every part that stays, and its order', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, fc.func(fc.boolean()), async (bytes, chosen) => {
        const file = OnnxFile.read(written(bytes));
        const kept = file.parts.filter((part) => chosen(part.start));
        const [before, after] = [
          text(10, 'first'),
          nodeField({ operator: 'Add', inputs: [], outputs: ['x'] }),
        ];
        const target = place();
        await file.write(target, { keep: (part) => chosen(part.start), before: [before], after: [after] });
        const result = OnnxFile.read(target);
        const all = readFileSync(target);
        const parts = result.parts.map(({ start, end }) => all.subarray(start, end).toString('hex'));
        expect(parts).toEqual(
          [before, ...kept.map(({ start, end }) => bytes.subarray(start, end)), after].map((part) =>
            Buffer.from(part).toString('hex'),
          ),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('above 2 GiB, weights inline, is read by its headers; what is left out is not read at all', async () => {
    const path = place();
    await writeSparseModel(path, 2 ** 31 + 5);
    const before = process.memoryUsage.rss();
    const big = OnnxFile.read(path);
    expect(big.parts.map(({ kind }) => kind)).toEqual(['node', 'initializer']);
    const target = place();
    const { bytes } = await big.write(target, { keep: ({ kind }) => kind === 'node' });
    expect(bytes).toBeLessThan(100);
    expect(OnnxFile.read(target).parts.map(({ kind }) => kind)).toEqual(['node']);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
    rmSync(path);
  });

  test('that is none, or is cut off, is refused by name', () => {
    const whole = modelBytes('g', 17, [nodeField({ operator: 'Add', inputs: ['a', 'b'], outputs: ['c'] })]);
    for (const bytes of [
      new Uint8Array(0),
      Buffer.from('hello'),
      whole.subarray(0, -4),
      concat(whole, whole),
    ]) {
      const path = written(bytes);
      expect(() => OnnxFile.read(path)).toThrow(`${path}: not an ONNX file, or cut off`);
    }
  });
});

test('integers of any size and sign are read as they were written', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const bytes = int(3, value);
      expect(int64At(bytes, 1)).toEqual([value, bytes.length]);
      if (value >= 0) expect(varintAt(bytes, 1)).toEqual([value, bytes.length]);
      expect([...fieldsIn(bytes)]).toMatchObject([{ number: 3, type: 0, start: 0, end: bytes.length }]);
    }),
  );
  expect(bytesOf(int(1, -1)).size).toBe(11);
});

/** Zeros that take no room on the disk. */
async function writeSparseModel(path: string, weights: number): Promise<void> {
  const tensor = concat(int(1, weights), int(2, 2), text(8, 'w'), header(9, 2, weights));
  const node = nodeField({ operator: 'Identity', inputs: ['w'], outputs: ['y'] });
  const initializer = header(GRAPH.initializer, 2, tensor.length + weights);
  const graph = header(7, 2, node.length + initializer.length + tensor.length + weights);
  const start = concat(int(1, 8), graph, node, initializer, tensor);
  const end = text(2, 'end');
  const file = await open(path, 'w');
  await file.write(start, 0, start.length, 0);
  await file.write(end, 0, end.length, start.length + weights);
  await file.close();
}

function varintOf(value: number): Uint8Array {
  return int(0, value).subarray(1);
}
