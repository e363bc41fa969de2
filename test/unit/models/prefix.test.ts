import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import { normalise } from '@quarry/activities/embedder/pooling';
import { bakePrefix } from '@quarry/activities/embedder/prepare/bake-prefix';
import { prepareModel } from '@quarry/activities/embedder/prepare/prepare-model';
import { verifyModel } from '@quarry/activities/embedder/verify/verify-model';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { openStore } from '@quarry/activities/storage/open-store';
import { afterAll, describe, expect, test } from 'vitest';
import { goldenRows, syntheticImage, tinyCopy } from './tiny-models.ts';

const scratch = mkdtempSync(join(tmpdir(), 'quarry-prefix-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const job = (path: string, prompt: 'hierarchical' | 'none' = 'hierarchical') =>
  ({ kind: 'generator', path, prompt, maxPixels: 128 * 128 }) as const;

describe.each(['tiny-qwen2-vl', 'tiny-qwen3', 'tiny-smolvlm', 'tiny-llama'] as const)('baking %s', (name) => {
  test('gives the vectors of transformers still, texts and images in one batch, from fewer tokens', async () => {
    const directory = tinyCopy(name);
    const { prepared } = await prepareModel(directory);
    const baked = await bakePrefix(directory, prepared[0]!, 'hierarchical', 1);
    expect(baked).toMatchObject({ graph: 'onnx/embedding_prefix.onnx', tokens: expect.any(Number) });
    const { settings } = await openModel({ scratch } as Dependencies, job(directory));
    expect(settings).toMatchObject({ graph: 'onnx/embedding_prefix.onnx' });
    const model = await LoadedModel.load(settings, 1);
    const rows = goldenRows(name).slice(-16);
    const items = rows.map((row) => model.tokens({ text: row.text, image: syntheticImage(row) }, row.side));
    const length = Math.max(...items.map(({ ids }) => ids.length)) + 3;
    const vectors = await model.run({ items, rows: 16, length });
    for (const [i, { state, ids }] of rows.entries()) {
      expect(items[i]!.ids).toEqual(ids.slice(baked.tokens));
      const expected = Float32Array.from(state);
      normalise(expected);
      const vector = vectors.subarray(i * state.length, (i + 1) * state.length);
      expect(1 - vector.reduce((sum, value, k) => sum + value * expected[k]!, 0)).toBeLessThan(1e-4);
    }
    await model.release();
  });
});

test('is used for its own prompt only, is checked by verify, and goes when the model is prepared anew', async () => {
  const directory = tinyCopy('tiny-qwen3');
  const { prepared } = await prepareModel(directory);
  await bakePrefix(directory, prepared[0]!, 'hierarchical', 1);
  const other = await openModel({ scratch } as Dependencies, job(directory, 'none'));
  expect(other.settings).toMatchObject({ graph: 'onnx/embedding.onnx', prefix: [] });
  const checks = await verifyModel({ openStore, scratch, threads: 1 }, job(directory));
  expect(checks.map(({ outcome }) => outcome)).not.toContain('failed');
  expect(checks.find((check) => check.name === 'prefix')).toMatchObject({
    outcome: 'ok',
    detail: expect.stringMatching(/^\d+ tokens of the system turn are baked in; vectors differ .* by/),
  });
  await prepareModel(directory);
  expect(existsSync(join(directory, 'onnx/embedding_prefix.onnx'))).toBe(false);
  expect(readFileSync(join(directory, 'quarry.json'), 'utf8')).not.toContain('embedding_prefix');
});

test('does not work with GroupQueryAttention, which is said', async () => {
  const directory = tinyCopy('tiny-qwen3-gqa');
  const { prepared } = await prepareModel(directory);
  expect(await bakePrefix(directory, prepared[0]!, 'hierarchical', 1)).toMatchObject({
    tokens: 0,
    detail: expect.stringMatching(/no prefix baked in: GroupQueryAttention takes .* one row at a time/),
  });
  expect(existsSync(join(directory, 'onnx/embedding_prefix.onnx'))).toBe(false);
});
