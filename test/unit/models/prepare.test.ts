import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { DirectoryManifest } from '@quarry/activities/embedder/directory-manifest';
import { nodeField } from '@quarry/activities/embedder/onnx/graph-parts';
import { OnnxFile } from '@quarry/activities/embedder/onnx/onnx-file';
import { prepareModel } from '@quarry/activities/embedder/prepare/prepare-model';
import { hashFile } from '@quarry/activities/stages/unit';
import { describe, expect, test } from 'vitest';
import { shared } from '../../support/shared-data.ts';
import { TINY, tinyCopy, VISION } from './tiny-models.ts';

describe.each(TINY.filter((name) => name !== 'tiny-llama'))('preparing %s', (name) => {
  test('writes the graph beside the original, which keeps its bytes, and says what it did', async () => {
    const directory = tinyCopy(name);
    const raw = VISION.includes(name) ? 'decoder_model_merged' : 'model';
    const original = await hashFile(join(directory, `onnx/${raw}.onnx`));
    const { prepared, manifest } = await prepareModel(directory);
    expect(prepared).toMatchObject([
      {
        graph: 'onnx/embedding.onnx',
        from: `onnx/${raw}.onnx`,
        head: expect.stringMatching(/^MatMul/),
        norm: name === 'tiny-smolvlm' ? 'RMSNorm in parts' : 'SkipSimplifiedLayerNormalization',
      },
    ]);
    expect(await hashFile(join(directory, `onnx/${raw}.onnx`))).toBe(original);
    const written = JSON.parse(readFileSync(join(directory, 'quarry.json'), 'utf8')) as DirectoryManifest;
    expect(written).toEqual(manifest);
    for (const [path, { sha256 }] of Object.entries(written.files))
      expect(await hashFile(join(directory, path))).toBe(sha256);
    expect(Object.keys(written.files)).toContain('onnx/embedding.onnx');

    const before = OnnxFile.read(join(directory, `onnx/${raw}.onnx`));
    const after = OnnxFile.read(join(directory, 'onnx/embedding.onnx'));
    expect(names(after, 'output')).toEqual(['sentence_embedding']);
    expect(new Set(names(after, 'input'))).toEqual(new Set([...names(before, 'input'), 'last_token_index']));
    // The head's matrix goes, unless it is tied to the table of embeddings in the same graph.
    const tied = name.includes('qwen3');
    expect(before.size - after.size > 384 * 32 * 4 - 2000).toBe(!tied);

    const again = await prepareModel(directory);
    expect(again).toEqual({ prepared, manifest });
  });
});

test('exports of one model in several dtypes are prepared in one go, each by its own kind of head', async () => {
  const directory = tinyCopy('tiny-llama');
  const { prepared } = await prepareModel(directory);
  const heads = prepared.map(({ graph, head, norm }) => [graph, head.split(' ')[0], norm]);
  expect(heads).toEqual([
    // Takes num_logits_to_keep, which goes with the head.
    ['onnx/embedding.onnx', 'MatMul', 'RMSNorm in parts'],
    ['onnx/embedding_fp16.onnx', 'MatMul', 'RMSNorm in parts'],
    ['onnx/embedding_int8.onnx', 'MatMul', 'RMSNorm in parts'],
    ['onnx/embedding_q4.onnx', 'MatMulNBits', 'RMSNorm in parts'],
    ['onnx/embedding_quantized.onnx', 'MatMulInteger', 'RMSNorm in parts'],
  ]);
  const inputs = names(OnnxFile.read(join(directory, 'onnx/embedding.onnx')), 'input');
  expect(inputs).not.toContain('num_logits_to_keep');
});

describe('is refused, and leaves the directory as it was,', () => {
  const refused = async (directory: string, message: RegExp): Promise<void> => {
    const before = readdirSync(directory, { recursive: true });
    await expect(prepareModel(directory)).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(message),
    });
    if (existsSync(directory)) expect(readdirSync(directory, { recursive: true })).toEqual(before);
  };

  test('where there is no decoder', async () => {
    const directory = tinyCopy('tiny-qwen3');
    await expect(prepareModel(join(directory, 'nowhere'))).rejects.toThrow(/nowhere is no directory/);
    renameSync(join(directory, 'onnx/model.onnx'), join(directory, 'onnx/other.onnx'));
    await refused(directory, /nothing to prepare: expected .*there is: .*onnx\/other\.onnx/);
  });

  test('where the state before the head is not normalised, naming what was found and what was expected', async () => {
    const directory = tinyCopy('tiny-smolvlm');
    await withoutFinalNorm(join(directory, 'onnx/decoder_model_merged.onnx'));
    await refused(
      directory,
      /the head \(MatMul .*\) reads \w+, which comes from Add .*; expected a normalisation: .*before the final norm/,
    );
  });

  test('where the head is unknown', async () => {
    const directory = tinyCopy('tiny-qwen3');
    rename(join(directory, 'onnx/model.onnx'), 'MatMul', 'MatMal');
    await refused(
      directory,
      /unknown head: walking back from logits, found MatMal .*; expected MatMul, Gemm/,
    );
  });

  test('where a file is cut off: the others are not prepared either', async () => {
    const directory = tinyCopy('tiny-qwen3');
    const whole = readFileSync(join(directory, 'onnx/model.onnx'));
    writeFileSync(join(directory, 'onnx/model_fp16.onnx'), whole.subarray(0, whole.length >> 1));
    await refused(directory, /model_fp16\.onnx: not an ONNX file, or cut off/);
  });

  const gpt2 = shared('data/models/tiny-random-gpt2');
  test.skipIf(gpt2 === null)('where the export is too old', async () => {
    const directory = tinyCopy('tiny-qwen3');
    cpSync(join(gpt2!, 'model.onnx'), join(directory, 'onnx/model.onnx'));
    await refused(directory, /exported with opset 11; 12 or later is needed/);
  });

  test('where it is an encoder', async () => {
    const directory = tinyCopy('tiny-qwen3');
    rename(join(directory, 'onnx/model.onnx'), 'logits', 'dogits');
    await refused(directory, /onnx\/model\.onnx offers no logits/);
  });
});

function names(file: OnnxFile, kind: 'input' | 'output'): string[] {
  return file.parts.flatMap((part) => (part.kind === kind ? [part.value.name] : []));
}

/** Replaces every occurrence of a name by one of the same length. */
function rename(path: string, from: string, to: string): void {
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at);
  writeFileSync(path, bytes);
}

/** The head reads the sum before the last norm: an export gone wrong. */
async function withoutFinalNorm(path: string): Promise<void> {
  const file = OnnxFile.read(path);
  const nodes = file.parts.flatMap((part) => (part.kind === 'node' ? [part.node] : []));
  const producer = (name: string) => nodes.find(({ outputs }) => outputs.includes(name));
  const head = producer('logits')!;
  let before = producer(head.inputs[0]!)!;
  // weight x (x x 1/root): the variable input of a product is the last one.
  while (before.operator !== 'Add')
    before = before.inputs
      .map((name) => producer(name))
      .find((node) => node && node.operator !== 'Reciprocal')!;
  const head2 = nodeField({
    operator: 'MatMul',
    inputs: [before.outputs[0]!, head.inputs[1]!],
    outputs: ['logits'],
  });
  const partial = `${path}.new`;
  mkdirSync(dirname(partial), { recursive: true });
  await file.write(partial, {
    keep: (part) => part.kind !== 'node' || !part.node.outputs.includes('logits'),
    after: [head2],
  });
  rmSync(path);
  renameSync(partial, path);
}
