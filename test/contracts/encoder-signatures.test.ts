import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphSignature } from '@quarry/activities/embedder/graph-signature';
import { ModelSession } from '@quarry/activities/embedder/model-session';
import { scanGraph } from '@quarry/activities/embedder/scan-graph';
import { afterAll, describe, expect, test } from 'vitest';
import { shared } from '../support/shared-data.ts';

const scratch = mkdtempSync(join(tmpdir(), 'quarry-signatures-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const generator = {
  kind: 'generator',
  pooling: 'last',
  prompt: { system: '', queryText: '', queryImage: '', document: '' },
  chatTemplate: null,
  images: null,
  maxLength: 64,
  oneRowAtATime: false,
} as const;

const stories = shared('data/models/stories260k');

describe.skipIf(stories === null)('a generator that offers its hidden state (stories260k)', () => {
  const settings = { ...generator, directory: stories!, graph: 'stories260K.onnx', dimension: 64 };

  test('gives the last token, padding or not: with a causal mask what comes after is not seen', async () => {
    const session = await ModelSession.open(settings, 0, 1);
    const row = [1, 403, 407, 261, 378];
    const alone = await session.run([row], 1, 5);
    const padded = await session.run([[1, 300], row, [1, 301, 302]], 4, 24);
    expect(alone).toHaveLength(64);
    for (const [i, value] of alone.entries()) expect(padded[64 + i]).toBeCloseTo(value, 4);
    const shorter = await session.run([row.slice(0, 4)], 1, 4);
    expect(shorter).not.toEqual(alone);
    await session.release();
  });

  test('is refused where config.json says another dimension', async () => {
    const session = await ModelSession.open({ ...settings, dimension: 65 }, 0, 1);
    await expect(session.run([[1, 2]], 1, 2)).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(/shape 1 x 2 x 64, but config.json says hidden_size 65/),
    });
    await session.release();
  });
});

const gpt2 = shared('data/models/tiny-random-gpt2');

test.skipIf(gpt2 === null)('an export with a cache is refused, with what it takes', async () => {
  const settings = { ...generator, directory: gpt2!, graph: 'model.onnx', dimension: 32 };
  await expect(ModelSession.open(settings, 0, 1)).rejects.toMatchObject({
    code: 'BadModel',
    message: expect.stringMatching(/cannot be fed.*quarry model prepare/),
  });
});

describe('signatures', () => {
  const tensor = (name: string, type: 'int64' | 'float32' = 'int64', axes = 2) => ({
    name,
    isTensor: true as const,
    type,
    shape: new Array<string>(axes).fill('n'),
  });
  const signature = (inputs: string[], outputs: string[]) =>
    graphSignature(
      {
        inputMetadata: inputs.map((name) => tensor(name)),
        outputMetadata: outputs.map((name) => tensor(name, 'float32')),
      },
      'model.onnx',
    );

  test('prefer what is pooled already, then the hidden state', () => {
    expect(signature(['input_ids'], ['token_embeddings', 'sentence_embedding'])).toMatchObject({
      output: 'sentence_embedding',
      pooled: true,
    });
    expect(signature(['input_ids', 'attention_mask'], ['logits', 'last_hidden_state'])).toMatchObject({
      output: 'last_hidden_state',
      pooled: false,
    });
  });

  test('are refused with logits alone, unknown inputs, no ids, and image positions', () => {
    expect(() => signature(['input_ids'], ['logits', 'present.0.key'])).toThrow(
      /only logits.*quarry model prepare/,
    );
    expect(() => signature(['input_ids'], ['dense'])).toThrow(/outputs dense: expected one of/);
    expect(() => signature(['input_ids', 'pixel_values'], ['last_hidden_state'])).toThrow(/pixel_values/);
    expect(() => signature(['attention_mask'], ['last_hidden_state'])).toThrow(/no input input_ids/);
    const inputMetadata = [tensor('input_ids'), tensor('position_ids', 'int64', 3)];
    expect(() => graphSignature({ inputMetadata, outputMetadata: [] }, 'model.onnx')).toThrow(/3 axes/);
  });
});

test('a file that is no graph is refused by name', async () => {
  mkdirSync(join(scratch, 'onnx'));
  writeFileSync(join(scratch, 'onnx/model.onnx'), 'not a graph');
  const settings = { ...generator, directory: scratch, graph: 'onnx/model.onnx', dimension: 8 };
  await expect(ModelSession.open(settings, 0, 1)).rejects.toMatchObject({
    code: 'BadModel',
    message: expect.stringMatching(/onnx\/model\.onnx: onnxruntime cannot load it/),
  });
});

test('scanning finds external data and dynamic quantisation, also across the chunks of the file', async () => {
  const location = (name: string) => `\n\x08location\x12${String.fromCharCode(name.length)}${name}`;
  const path = join(scratch, 'scanned.onnx');
  const filler = Buffer.alloc((1 << 20) - 20);
  writeFileSync(
    path,
    Buffer.concat([
      Buffer.from(location('a.onnx_data')),
      filler.subarray(Buffer.byteLength(location('a.onnx_data'))),
      Buffer.from(location('a-long-name.onnx_data_1'), 'latin1'),
      filler.subarray(100),
      Buffer.from('DynamicQuantizeLinear'),
    ]),
  );
  expect(await scanGraph(path)).toMatchObject({
    externalData: ['a-long-name.onnx_data_1', 'a.onnx_data'],
    dynamicQuantization: true,
  });
  if (stories !== null) {
    copyFileSync(join(stories, 'stories260K.onnx'), path);
    expect(await scanGraph(path)).toMatchObject({ externalData: [], dynamicQuantization: false });
  }
});
