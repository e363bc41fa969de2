import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeModel, openModel } from '@quarry/activities/embedder/describe-model';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { openStore } from '@quarry/activities/storage/open-store';
import { afterAll, expect, test } from 'vitest';
import { tinyCopy } from './tiny-models.ts';

/** What a user gives that cannot work: refused by the plan where files tell, with the file and what to do. */

const scratch = mkdtempSync(join(tmpdir(), 'quarry-bad-models-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const models = join(scratch, 'models');
const context = { openStore, scratch, models, threads: 1 } as unknown as Dependencies;
const generator = (path: string) => ({ kind: 'generator', path, prompt: 'hierarchical' }) as const;

async function refused(directory: string, message: RegExp): Promise<void> {
  await expect(describeModel(context, generator(directory))).rejects.toMatchObject({
    code: 'BadModel',
    message: expect.stringMatching(message),
  });
}

test('a directory without a tokenizer', async () => {
  const directory = tinyCopy('tiny-qwen3');
  rmSync(join(directory, 'tokenizer.json'));
  await refused(directory, /tokenizer\.json missing; there is: config\.json, .*Give a directory as exported/);
});

test('two candidates for the graph', async () => {
  const directory = tinyCopy('tiny-qwen3');
  copyFileSync(join(directory, 'onnx/model.onnx'), join(directory, 'onnx/decoder_model_merged.onnx'));
  await refused(
    directory,
    /two candidates for the graph: onnx\/decoder_model_merged\.onnx and onnx\/model\.onnx; name the one .* model\.file/,
  );
});

test('a graph with an unknown head: nothing half-written stays', async () => {
  const directory = tinyCopy('tiny-qwen3');
  const path = join(directory, 'onnx/model.onnx');
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('MatMul'); at >= 0; at = bytes.indexOf('MatMul', at + 1))
    bytes.write('MatMal', at);
  writeFileSync(path, bytes);
  await refused(directory, /onnx\/model\.onnx: unknown head: .*found MatMal .*; expected MatMul/);
  expect(readdirSync(models)).toEqual([]);
});

test('an encoder given as a generator, and the reverse', async () => {
  const directory = tinyCopy('tiny-qwen3');
  const encoder = { kind: 'encoder', path: directory, file: 'onnx/model.onnx' } as const;
  await expect(describeModel(context, { ...encoder, queryPrefix: '', documentPrefix: '' })).rejects.toThrow(
    /config\.json: model_type qwen3, .*that is a generator; use model\.kind: generator/,
  );
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ model_type: 'bert', hidden_size: 32 }));
  await refused(directory, /config\.json: model_type bert, .*that is an encoder; use model\.kind: encoder/);
});

test.each([
  ["{{ raise_exception('not today') }}", /fails: .*not today/],
  ['{% for %}', /is not understood: /],
  ['hello', /renders neither a system turn nor the text of a user turn/],
])('a chat template that does not work: %s', async (template, fault) => {
  const directory = tinyCopy('tiny-qwen3');
  writeFileSync(join(directory, 'chat_template.jinja'), template);
  await refused(
    directory,
    new RegExp(`${directory}/chat_template\\.jinja: the chat template ${fault.source}`),
  );
  await refused(directory, /; mend it, fetch the file of the model anew, or remove the template/);
});

test('a token id outside the vocabulary', async () => {
  const directory = tinyCopy('tiny-qwen3');
  const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as object;
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ ...config, vocab_size: 100 }));
  const { settings } = await openModel(context, generator(directory));
  await expect(LoadedModel.load(settings, 1)).rejects.toMatchObject({
    code: 'BadModel',
    message: expect.stringMatching(
      /tokenizer\.json gives the token id \d+, but the model knows 100 \(vocab_size of config\.json\): .*fetch the one that does/,
    ),
  });
});
