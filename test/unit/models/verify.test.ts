import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDirectoryManifest } from '@quarry/activities/embedder/directory-manifest';
import { prepareModel } from '@quarry/activities/embedder/prepare/prepare-model';
import type { Check } from '@quarry/activities/embedder/verify/check';
import { verifyModel } from '@quarry/activities/embedder/verify/verify-model';
import { openStore } from '@quarry/activities/storage/open-store';
import { afterAll, describe, expect, test } from 'vitest';
import { gatherBeforeNorm, gatherLastPlace, moveWeights, spoil, swapOutputs } from './broken-models.ts';
import { TINY, type Tiny, tinyCopy, tinyDirectory, VISION } from './tiny-models.ts';

const scratch = mkdtempSync(join(tmpdir(), 'quarry-verify-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function verify(path: string, more = {}): Promise<readonly Check[]> {
  return verifyModel(
    { openStore, scratch, threads: 1 },
    { kind: 'generator', path, prompt: 'hierarchical', ...more },
  );
}

const outcomes = (checks: readonly Check[]) =>
  Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));

describe.each(TINY)('%s', (name) => {
  test('passes, prepared beforehand or not', async () => {
    const images = VISION.includes(name) ? 'ok' : 'skipped';
    const expected = {
      tokenizer: 'ok',
      state: 'ok',
      graphs: 'ok',
      vectors: 'ok',
      rewrite: 'ok',
      padding: name.endsWith('gqa') ? 'noted' : 'ok',
      batch: 'ok',
      prefix: 'skipped',
      images,
      speed: 'ok',
    };
    if (name === 'tiny-qwen3')
      expect(outcomes(await verify(tinyDirectory(name)))).toEqual({ files: 'skipped', ...expected });
    const directory = tinyCopy(name);
    await prepareModel(directory);
    const checks = await verify(directory);
    expect(outcomes(checks)).toEqual({ files: 'ok', ...expected });
    expect(detail(checks, 'rewrite')).toMatch(/on 32 of 32 prompts/);
    expect(detail(checks, 'speed')).toMatch(/^\d+ tokens\/s .* MiB of memory$/);
  });
});

test.each(['fp32', 'fp16', 'q4', 'int8', 'q8'])(
  'an export as %s passes against its own original',
  async (dtype) => {
    const checks = await verify(tinyDirectory('tiny-llama'), { dtype });
    // Dynamic quantisation scales activations by the whole tensor: such a model embeds one row at a time.
    const dynamic = dtype === 'q8';
    expect(outcomes(checks)).toMatchObject({ state: 'ok', vectors: 'ok', rewrite: 'ok', speed: 'ok' });
    expect(outcomes(checks)).toMatchObject(
      dynamic ? { padding: 'noted', batch: 'noted' } : { padding: 'ok', batch: 'ok' },
    );
  },
);

test('says which side a graph can be padded on', async () => {
  expect(detail(await verify(tinyDirectory('tiny-qwen3')), 'padding')).toMatch(
    /^either side: right .*, left/,
  );
  expect(detail(await verify(tinyDirectory('tiny-qwen3-gqa')), 'padding')).toMatch(
    /^right only .* left vectors would differ by [1-9].*GroupQueryAttention; tokenizer_config\.json says padding_side left, which is wrong/,
  );
});

describe('a broken model is caught, with the cause:', () => {
  /** The last check fails with this message, and nothing after it was tried. */
  async function fails(directory: string, check: string, message: RegExp, more = {}): Promise<void> {
    const last = (await verify(directory, more)).at(-1)!;
    expect(last).toMatchObject({ name: check, outcome: 'failed', detail: expect.stringMatching(message) });
  }
  async function preparedCopy(name: Tiny): Promise<string> {
    const directory = tinyCopy(name);
    await prepareModel(directory);
    return directory;
  }
  const graph = (directory: string): string => join(directory, 'onnx/embedding.onnx');

  test('a file that was changed', async () => {
    const directory = await preparedCopy('tiny-qwen3');
    writeFileSync(join(directory, 'tokenizer_config.json'), '{}');
    await fails(directory, 'files', /tokenizer_config\.json has sha256 .*, not .*damaged or changed/);
    rmSync(join(directory, 'tokenizer_config.json'));
    await fails(directory, 'files', /tokenizer_config\.json is missing/);
  });

  test.each(['tiny-smolvlm', 'tiny-qwen2-vl'] as const)(
    'the state before the final norm (%s)',
    async (name) => {
      const directory = await preparedCopy(name);
      await gatherBeforeNorm(graph(directory));
      await writeDirectoryManifest(directory, {});
      await fails(
        directory,
        'state',
        /comes from (Add|Div|\w+): the state before the final norm; expected a normalisation/,
      );
    },
  );

  test('a vector that the head does not read: weights of another model', async () => {
    const directory = await preparedCopy('tiny-qwen3');
    const other = await preparedCopy('tiny-llama');
    copyFileSync(graph(other), graph(directory));
    await writeDirectoryManifest(directory, {});
    await fails(
      directory,
      'rewrite',
      /chooses another token from the vector than the original on \d+ of 32 prompts/,
    );
  });

  test('padding that moves the last token', async () => {
    const directory = await preparedCopy('tiny-qwen3');
    await gatherLastPlace(graph(directory));
    await writeDirectoryManifest(directory, {});
    const checks = await verify(directory);
    // The structure alone tells: the vector is not gathered by last_token_index.
    expect(checks.at(-1)).toMatchObject({
      name: 'state',
      outcome: 'failed',
      detail: expect.stringMatching(/comes from Squeeze where GatherND was expected/),
    });
    await fails(
      directory,
      'padding',
      /padding on the right changes vectors by .*; the graph takes the last place whatever last_token_index says/,
      { file: 'onnx/embedding.onnx' },
    );
  });

  test('left padding on GroupQueryAttention: a graph that takes the last place', async () => {
    const directory = await preparedCopy('tiny-qwen3-gqa');
    await gatherLastPlace(graph(directory));
    await writeDirectoryManifest(directory, {});
    await fails(
      directory,
      'padding',
      /padding on the right changes vectors by .*takes the last place .*where GroupQueryAttention is wrong, it is no better\. Run quarry model prepare/,
      { file: 'onnx/embedding.onnx' },
    );
  });

  test('swapped outputs', async () => {
    const directory = tinyCopy('tiny-smolvlm');
    await swapOutputs(join(directory, 'onnx/decoder_model_merged.onnx'), 'logits', 'present.0.key');
    await fails(directory, 'opens', /unknown head: walking back from logits, found \w+.*; expected MatMul/);
  });

  test('weights that are no numbers, named', async () => {
    const directory = await preparedCopy('tiny-qwen3');
    const spoilt = spoil(graph(directory), (name) => name.includes('layers.1'));
    await writeDirectoryManifest(directory, {});
    await fails(
      directory,
      'vectors',
      new RegExp(`is not finite: the weights ${spoilt.replaceAll('.', '\\.')} hold NaN`),
    );
  });

  test('the tokenizer of another model', async () => {
    const directory = await preparedCopy('tiny-qwen3');
    copyFileSync(join(tinyDirectory('tiny-smolvlm'), 'tokenizer.json'), join(directory, 'tokenizer.json'));
    await writeDirectoryManifest(directory, {});
    await fails(
      directory,
      'tokenizer',
      /the end token <\|im_end\|> is cut into \d+ tokens.*does not belong to this model/,
    );
    const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as object;
    writeFileSync(join(directory, 'config.json'), JSON.stringify({ ...config, vocab_size: 100 }));
    await writeDirectoryManifest(directory, {});
    await fails(directory, 'tokenizer', /ids up to 383, but config\.json says vocab_size 100/);
  });

  test('external data that was cut off', async () => {
    const directory = tinyCopy('tiny-qwen3');
    await moveWeights(join(directory, 'onnx/model.onnx'), ['model.onnx_data', 'model.onnx_data_1']);
    await prepareModel(directory);
    expect(outcomes(await verify(directory))).toMatchObject({ rewrite: 'ok', speed: 'ok' });
    truncateSync(join(directory, 'onnx/model.onnx_data_1'), 1000);
    await fails(directory, 'files', /onnx\/model\.onnx_data_1 has sha256/);
    await writeDirectoryManifest(directory, {});
    await fails(
      directory,
      'opens',
      /keeps its weights in onnx\/model\.onnx_data_1, which has 1000 bytes where \d+ are needed: it was cut off/,
    );
  });

  test('an encoder given as a generator, or nothing at all', async () => {
    const directory = tinyCopy('tiny-qwen3');
    writeFileSync(join(directory, 'config.json'), JSON.stringify({ model_type: 'bert', hidden_size: 32 }));
    await fails(directory, 'opens', /that is an encoder; use model\.kind: encoder/);
    await fails(join(directory, 'nowhere'), 'opens', /nowhere is not there/);
  });
});

function detail(checks: readonly Check[], name: string): string {
  return checks.find((check) => check.name === name)?.detail ?? '';
}
