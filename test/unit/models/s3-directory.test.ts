import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { writeDirectoryManifest } from '@quarry/activities/embedder/directory-manifest';
import { wantedFiles } from '@quarry/activities/hub/needed-files';
import { openStore } from '@quarry/activities/storage/open-store';
import type { Store } from '@quarry/activities/storage/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tinyDirectory } from './tiny-models.ts';

describe('of a model in S3 is fetched', () => {
  const paths = [
    ...['README.md', 'config.json', 'tokenizer.json', 'model.safetensors', 'quarry.json'],
    ...['onnx/decoder_model_merged.onnx', 'onnx/decoder_model_merged.onnx_data', 'onnx/embedding.onnx'],
    ...['onnx/decoder_model_merged_q4.onnx', 'onnx/decoder_model_merged_q4.onnx_data_1'],
    ...['onnx/embed_tokens_fp16.onnx', 'onnx/vision_encoder.onnx', 'onnx/vision_encoder_q4.onnx'],
    ...['onnx/weights.bin', 'openvino/model.xml'],
  ];
  const settings = ['README.md', 'config.json', 'tokenizer.json', 'quarry.json'];

  test.each([
    [
      'fp32, what it was prepared from too',
      { kind: 'generator', dtype: 'fp32' } as const,
      ['decoder_model_merged.onnx', 'decoder_model_merged.onnx_data', 'embedding.onnx'].concat(
        ...['embed_tokens_fp16.onnx', 'vision_encoder.onnx'],
      ),
    ],
    [
      'q4, with what there is of it',
      { kind: 'generator', dtype: 'q4' } as const,
      ['decoder_model_merged_q4.onnx', 'decoder_model_merged_q4.onnx_data_1'].concat(
        ...['embed_tokens_fp16.onnx', 'vision_encoder_q4.onnx'],
      ),
    ],
    [
      'the graph of an encoder',
      { kind: 'encoder', file: 'onnx/embedding.onnx' } as const,
      ['embedding.onnx'],
    ],
  ])('%s', (_, wanted, graphs) => {
    const expected = [...settings, ...graphs.map((name) => `onnx/${name}`), 'onnx/weights.bin'];
    expect(wantedFiles('s3://bucket/model/', paths, wanted).sort()).toEqual(expected.sort());
  });

  test('one dtype, and its quarry.json speaks of that alone', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'quarry-s3-model-'));
    onTestFinished(() => rmSync(scratch, { recursive: true }));
    const bucket = join(scratch, 'bucket');
    cpSync(tinyDirectory('tiny-llama'), join(bucket, 'model'), { recursive: true });
    writeFileSync(join(bucket, 'model/model.safetensors'), 'weights of another framework');
    await writeDirectoryManifest(join(bucket, 'model'), {});
    const context = { openStore: () => bucketIn(bucket), scratch, models: join(scratch, 'models') };
    const model = { kind: 'generator', path: 's3://bucket/model', dtype: 'fp16', prompt: 'none' } as const;
    const { settings } = await openModel({ ...context, threads: 1 } as never, model);
    expect(settings.graph).toBe('onnx/embedding_fp16.onnx');
    const [copy] = readdirSync(context.models).filter((name) => name.startsWith('s3-'));
    const graphs = readdirSync(join(context.models, copy!), { recursive: true }).map(String);
    expect(graphs.filter((path) => path.endsWith('.onnx'))).toEqual(['onnx/model_fp16.onnx']);
    expect(graphs).not.toContain('model.safetensors');
  });
});

/** Objects of `s3://bucket/` as files below a directory. */
function bucketIn(directory: string): Store {
  const store = openStore('file:///');
  const fileOf = (uri: string): string => uri.replace('s3://bucket', pathToFileURL(directory).href);
  const list = async function* (prefix: string): ReturnType<Store['list']> {
    for await (const { uri, bytes } of store.list(fileOf(prefix)))
      yield { uri: uri.replace(pathToFileURL(directory).href, 's3://bucket'), bytes };
  };
  const localCopy = async (uri: string, scratch: string): Promise<string> => {
    mkdirSync(scratch, { recursive: true });
    const copy = join(scratch, uri.replaceAll('/', '-'));
    copyFileSync(fileURLToPath(fileOf(uri)), copy);
    return copy;
  };
  return { ...store, list, localCopy, version: (uri) => store.version(fileOf(uri)) };
}
