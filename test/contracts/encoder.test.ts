import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import { normalise } from '@quarry/activities/embedder/pooling';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shared } from '../support/shared-data.ts';

interface Reference {
  readonly text: string;
  readonly input_ids: readonly number[];
  readonly embedding: readonly number[];
}

const directory = shared('data/models/all-MiniLM-L6-v2');

describe.skipIf(directory === null)('all-MiniLM-L6-v2 against sentence-transformers', () => {
  let model: LoadedModel;
  let references: readonly Reference[];

  beforeAll(async () => {
    model = await load('onnx/model.onnx');
    const text = readFileSync(join(directory!, 'reference-embeddings.json'), 'utf8');
    references = (JSON.parse(text) as { texts: readonly Reference[] }).texts;
  });
  afterAll(() => model.release());

  test('is read from its own files', () => {
    expect(model.settings).toMatchObject({
      kind: 'encoder',
      pooling: 'mean',
      dimension: 384,
      maxLength: 256,
    });
    expect(model.oneRowAtATime).toBe(false);
  });

  test('gives the same token ids for all 20 texts', () => {
    expect(references).toHaveLength(20);
    for (const { text, input_ids } of references)
      expect(model.tokens({ text, image: null }, 'query').ids).toEqual(input_ids);
  });

  test('gives the same vectors alone', async () => {
    for (const { text, embedding } of references) {
      const row = model.tokens({ text, image: null }, 'query');
      const vector = await model.run({ items: [row], rows: 1, length: row.ids.length });
      expect(normalise(vector)).toBe(true);
      expect(largestDifference(vector, embedding)).toBeLessThan(1e-4);
    }
  });

  test('gives the same vectors in one padded batch with dummy rows', async () => {
    const items = references.map(({ text }) => model.tokens({ text, image: null }, 'query'));
    const vectors = await model.run({ items, rows: 32, length: 256 });
    for (const [i, { embedding }] of references.entries()) {
      const vector = vectors.subarray(i * 384, (i + 1) * 384);
      normalise(vector);
      expect(largestDifference(vector, embedding)).toBeLessThan(1e-4);
    }
  });

  test('its int8 export, whose scales span the batch, runs one row at a time', async () => {
    const quantised = await load('onnx/model_quantized.onnx');
    expect(quantised.settings.oneRowAtATime).toBe(true);
    const row = quantised.tokens({ text: references[0]!.text, image: null }, 'query');
    expect(quantised.batches().add(row)).toMatchObject({ rows: 1, length: row.ids.length });
    const vector = await quantised.run({ items: [row], rows: 1, length: row.ids.length });
    normalise(vector);
    expect(largestDifference(vector, references[0]!.embedding)).toBeLessThan(0.05);
    await quantised.release();
  });
});

async function load(file: string): Promise<LoadedModel> {
  const model = { kind: 'encoder', path: directory!, file, queryPrefix: '', documentPrefix: '' } as const;
  const { settings } = await openModel({} as Dependencies, model);
  return LoadedModel.load(settings, 2);
}

function largestDifference(a: ArrayLike<number>, b: readonly number[]): number {
  return b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0);
}
