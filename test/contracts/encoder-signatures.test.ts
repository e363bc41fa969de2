import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphFacts } from '@quarry/activities/embedder/graph-facts';
import { graphSignature } from '@quarry/activities/embedder/graph-signature';
import { ModelSession } from '@quarry/activities/embedder/model-session';
import { int, message, text } from '@quarry/activities/embedder/onnx/encode';
import { modelBytes, nodeField } from '@quarry/activities/embedder/onnx/graph-parts';
import type { ModelRow } from '@quarry/activities/embedder/row-tokens';
import { afterAll, describe, expect, test } from 'vitest';
import { shared } from '../support/shared-data.ts';

const scratch = mkdtempSync(join(tmpdir(), 'quarry-signatures-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const rows = (...ids: (readonly number[])[]): ModelRow[] =>
  ids.map((row) => ({ ids: row, truncated: false, image: null }));

const generator = {
  kind: 'generator',
  pooling: 'last',
  prompt: { system: '', queryText: '', queryImage: '', document: '' },
  chatTemplate: null,
  embedTokens: null,
  visionEncoder: null,
  vision: null,
  prefix: [],
  keyValueHeads: 1,
  headDimension: 8,
  vocabulary: Infinity,
  maxLength: 64,
  oneRowAtATime: false,
  device: { name: 'cpu', id: 0 },
} as const;

const stories = shared('data/models/stories260k');

describe.skipIf(stories === null)('a generator that offers its hidden state (stories260k)', () => {
  const settings = { ...generator, directory: stories!, graph: 'stories260K.onnx', dimension: 64 };

  test('gives the last token, padding or not: with a causal mask what comes after is not seen', async () => {
    const session = await ModelSession.open(settings, 0, 1);
    const row = [1, 403, 407, 261, 378];
    const alone = await session.run(rows(row), 1, 5);
    const padded = await session.run(rows([1, 300], row, [1, 301, 302]), 4, 24);
    expect(alone).toHaveLength(64);
    for (const [i, value] of alone.entries()) expect(padded[64 + i]).toBeCloseTo(value, 4);
    const shorter = await session.run(rows(row.slice(0, 4)), 1, 4);
    expect(shorter).not.toEqual(alone);
    await session.release();
  });

  test('is refused where config.json says another dimension', async () => {
    const session = await ModelSession.open({ ...settings, dimension: 65 }, 0, 1);
    await expect(session.run(rows([1, 2]), 1, 2)).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(/shape 1 x 2 x 64, but config.json says hidden_size 65/),
    });
    await session.release();
  });
});

const gpt2 = shared('data/models/tiny-random-gpt2');

test.skipIf(gpt2 === null)(
  'an old export, whose keys and values lie in one tensor, is refused with what it has',
  async () => {
    const settings = { ...generator, directory: gpt2!, graph: 'model.onnx', dimension: 32 };
    await expect(ModelSession.open(settings, 0, 1)).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(
        /past_0 has shape 2 x batch_size x 4 x past_seq_len x 8; expected batch x heads/,
      ),
    });
  },
);

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

  test('are refused with logits alone, unknown inputs, no ids, and positions of four axes', () => {
    expect(() => signature(['input_ids'], ['logits', 'present.0.key'])).toThrow(
      /only logits.*quarry model prepare/,
    );
    expect(() => signature(['input_ids'], ['dense'])).toThrow(/outputs dense: expected one of/);
    expect(() => signature(['input_ids', 'pixel_values'], ['last_hidden_state'])).toThrow(/pixel_values/);
    expect(() => signature(['attention_mask'], ['last_hidden_state'])).toThrow(
      /neither an input input_ids nor inputs_embeds/,
    );
    const inputMetadata = [tensor('input_ids'), tensor('position_ids', 'int64', 4)];
    expect(() => graphSignature({ inputMetadata, outputMetadata: [] }, 'model.onnx')).toThrow(
      /position_ids has shape n x n x n x n/,
    );
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

test('what a graph says without being run: external data with its length, and dynamic quantisation', async () => {
  const path = join(scratch, 'scanned.onnx');
  const weights = (name: string, file: string, offset: number, length: number) =>
    message(
      5,
      int(2, 1),
      text(8, name),
      message(13, text(1, 'location'), text(2, file)),
      message(13, text(1, 'offset'), text(2, String(offset))),
      message(13, text(1, 'length'), text(2, String(length))),
      int(14, 1),
    );
  const long = `${'a-long-name'.repeat(20)}.onnx_data_1`;
  const quantise = nodeField({ operator: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['y'] });
  writeFileSync(
    path,
    modelBytes('g', 17, [
      weights('a', 'b.onnx_data', 0, 64),
      weights('b', 'b.onnx_data', 64, 36),
      weights('c', long, 0, 8),
      quantise,
    ]),
  );
  expect(await graphFacts(path)).toMatchObject({
    externalData: [
      { name: long, bytes: 8 },
      { name: 'b.onnx_data', bytes: 100 },
    ],
    dynamicQuantization: true,
  });
  if (stories !== null) {
    copyFileSync(join(stories, 'stories260K.onnx'), path);
    expect(await graphFacts(path)).toMatchObject({ externalData: [], dynamicQuantization: false });
  }
});
