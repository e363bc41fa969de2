import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeModel } from '@quarry/activities/embedder/describe-model';
import type { ModelIdentity } from '@quarry/activities/embedder/model-identity';
import { message, text } from '@quarry/activities/embedder/onnx/encode';
import { modelBytes } from '@quarry/activities/embedder/onnx/graph-parts';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { openStore } from '@quarry/activities/storage/open-store';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { jobSchema } from '@quarry/workflows/job';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const bundled = fileURLToPath(new URL('../../../activities/models/quarry-mini/', import.meta.url));
/** A decoder in one graph, without a quarry.json. */
const decoder = fileURLToPath(new URL('../../fixtures/models/tiny-qwen3/', import.meta.url));
let directory: string;

beforeEach(() => {
  const scratch = mkdtempSync(join(tmpdir(), 'quarry-model-'));
  directory = join(scratch, 'model');
  cpSync(decoder, directory, { recursive: true });
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

/** The bundled model in place of the decoder. */
function layBundled(): void {
  rmSync(directory, { recursive: true });
  cpSync(bundled, directory, { recursive: true });
}

function describeJobs(model: Record<string, unknown>): Promise<ModelIdentity> {
  const job = jobSchema.parse({ name: 'j', input: { format: 'beir', path: 'file:///in' }, model });
  return describeModel({ openStore, scratch: join(directory, '../scratch') } as Dependencies, job.model);
}

const generator = (more: Record<string, unknown> = {}): Promise<ModelIdentity> =>
  describeJobs({ kind: 'generator', path: directory, ...more });

describe('a model directory', () => {
  test('is the bundled one, a path, or a file: URI: the same identity but for the path', async () => {
    layBundled();
    const expected = { kind: 'generator', dimension: 256, maxLength: 512, oneRowAtATime: false };
    const shipped = await describeJobs({ kind: 'generator' });
    expect(shipped).toMatchObject({ ...expected, path: 'bundled:quarry-mini' });
    expect(shipped.preprocessing).toMatchObject({
      pooling: 'last',
      normalize: true,
      prompt: { document: '' },
    });
    expect(await generator()).toEqual({ ...shipped, path: directory });
    const uri = pathToFileURL(directory).href;
    expect(await generator({ path: uri })).toEqual({ ...shipped, path: uri });
  });

  test('has another identity for everything that changes vectors', async () => {
    const identities = [
      await generator(),
      await generator({ prompt: 'none' }),
      await generator({ maxLength: 100 }),
      await generator({ prompt: { document: 'In a word:' } }),
    ];
    appendFileSync(join(directory, 'tokenizer.json'), '\n');
    identities.push(await generator());
    expect(new Set(identities.map(({ sha256 }) => sha256)).size).toBe(5);
    expect(identities[2]!.maxLength).toBe(100);
  });

  test('keeps its identity when a file that changes no vector is added', async () => {
    const { sha256 } = await generator();
    writeFileSync(join(directory, 'NOTES.txt'), 'hello');
    expect((await generator()).sha256).toBe(sha256);
  });
});

describe('is refused', () => {
  const refusal = (model: Promise<ModelIdentity>, message: RegExp) =>
    expect(model).rejects.toMatchObject({ code: 'BadModel', message: expect.stringMatching(message) });

  test('where it is missing, no directory, bundled by another name, or of the hub', async () => {
    await refusal(
      generator({ path: join(directory, 'nowhere') }),
      /nowhere is not there; give the directory/,
    );
    await refusal(generator({ path: join(directory, 'config.json') }), /is not a directory/);
    await refusal(generator({ path: 'bundled:quarry-max' }), /this package bundles: quarry-mini/);
    await refusal(generator({ path: 'hf:name' }), /expected hf:owner\/name or hf:owner\/name@revision/);
  });

  test('where a file is missing, with what is there', async () => {
    rmSync(join(directory, 'tokenizer.json'));
    renameSync(join(directory, 'onnx/model.onnx'), join(directory, 'onnx/other.onnx'));
    await refusal(generator(), /tokenizer\.json missing; there is: .*config\.json, .*onnx\/other\.onnx/);
  });

  test('where there is no graph of a known name', async () => {
    renameSync(join(directory, 'onnx/model.onnx'), join(directory, 'onnx/other.onnx'));
    await refusal(generator(), /no onnx\/model\*\.onnx and no .*there is: onnx\/other\.onnx.*model\.file/);
    expect((await generator({ file: 'onnx/other.onnx' })).dimension).toBe(32);
  });

  test('where config.json is not JSON, or names an unknown architecture, or the other kind', async () => {
    const config = join(directory, 'config.json');
    const parts = JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
    await refusal(
      describeJobs({ kind: 'encoder', path: directory }),
      /qwen3.*a generator; use model.kind: generator/,
    );
    writeFileSync(config, JSON.stringify({ ...parts, model_type: 'resnet', architectures: ['ResNetModel'] }));
    await refusal(generator(), /model_type resnet, architectures ResNetModel: unknown architecture/);
    writeFileSync(config, '{');
    await refusal(generator(), /config\.json: not JSON/);
  });

  test('where a file is not what quarry.json says', async () => {
    layBundled();
    appendFileSync(join(directory, 'tokenizer.json'), ' ');
    await refusal(generator(), /tokenizer\.json: sha256 .* but quarry\.json says .* fetch the model again/);
  });

  test('where the job asks for more tokens than there are positions', async () => {
    await refusal(generator({ maxLength: 1025 }), /model\.maxLength: 1025 tokens, but .* has 1024 positions/);
  });

  test('where its weights lie in a file that is missing, or cut off', async () => {
    const graph = join(directory, 'onnx/model.onnx');
    const data = join(directory, 'onnx/model.onnx_data');
    const location = message(13, text(1, 'location'), text(2, 'model.onnx_data'));
    const weights = message(5, text(8, 'w'), location, message(13, text(1, 'length'), text(2, '7')));
    writeFileSync(graph, modelBytes('g', 17, [weights]));
    await refusal(generator(), /keeps its weights in onnx\/model\.onnx_data, which is missing/);
    writeFileSync(data, 'weigh');
    await refusal(generator(), /has 5 bytes where 7 are needed: it was cut off/);
    writeFileSync(data, 'weights');
    const first = await generator();
    writeFileSync(data, 'WEIGHTS!');
    expect((await generator()).sha256).not.toBe(first.sha256);
  });

  test('where its graph is none, or there are several', async () => {
    const copy = (name: string): void =>
      cpSync(join(directory, 'onnx/model.onnx'), join(directory, 'onnx', name));
    copy('decoder_model_merged.onnx');
    await refusal(
      generator(),
      /two candidates for the graph: onnx\/decoder_model_merged\.onnx and onnx\/model\.onnx; name the one/,
    );
    rmSync(join(directory, 'onnx/decoder_model_merged.onnx'));
    copy('model_q4.onnx');
    expect((await generator()).dimension).toBe(32);
    renameSync(join(directory, 'onnx/model.onnx'), join(directory, 'onnx/model_fp16.onnx'));
    await refusal(generator(), /several graphs could be meant: .*choose with model\.dtype: fp16 \| q4/);
    await refusal(generator({ dtype: 'q8' }), /model\.dtype: q8, but .* holds .*use fp16 or q4/);
    expect((await generator({ dtype: 'q4' })).dimension).toBe(32);
    writeFileSync(join(directory, 'onnx/model_q4.onnx'), 'not a graph');
    await refusal(generator({ dtype: 'q4' }), /model_q4\.onnx: not an ONNX file, or cut off/);
  });
});

test('an encoder takes pooling and length from its own files, and refuses what would change its vectors', async () => {
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(directory, name), JSON.stringify(value));
  write('config.json', { model_type: 'bert', hidden_size: 8, max_position_embeddings: 512 });
  mkdirSync(join(directory, '1_Pooling'));
  const encoder = (more = {}): Promise<ModelIdentity> =>
    describeJobs({ kind: 'encoder', path: directory, ...more });
  expect(await encoder()).toMatchObject({ dimension: 8, maxLength: 512, preprocessing: { pooling: 'mean' } });
  write('sentence_bert_config.json', { max_seq_length: 128 });
  write('1_Pooling/config.json', { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false });
  const plain = await encoder();
  expect(plain).toMatchObject({ maxLength: 128, preprocessing: { pooling: 'cls', queryPrefix: '' } });
  expect((await encoder({ queryPrefix: 'query: ' })).sha256).not.toBe(plain.sha256);
  write('1_Pooling/config.json', { pooling_mode_max_tokens: true });
  await expect(encoder()).rejects.toThrow(/pooling_mode_max_tokens is not supported/);
  write('modules.json', [{ type: 'sentence_transformers.models.Dense' }]);
  await expect(encoder()).rejects.toThrow(/module sentence_transformers\.models\.Dense is not applied/);
});

describe('given vectors', () => {
  const npy = (
    name: string,
    shape: number[],
    data = new Float32Array(shape.reduce((a, b) => a * b)),
  ): string => {
    const path = join(directory, name);
    writeFileSync(path, encodeNpy(data, shape));
    return pathToFileURL(path).href;
  };
  const vectors = (queries: string, documents: string, more = {}): Promise<ModelIdentity> =>
    describeJobs({ kind: 'vectors', queries, documents, ...more });

  test('are known by the content of both files and by whether they are normalised', async () => {
    const queries = npy('q.npy', [2, 3]);
    const first = await vectors(queries, npy('d.npy', [4, 3]));
    expect(first).toMatchObject({
      kind: 'vectors',
      dimension: 3,
      maxLength: 0,
      preprocessing: { normalize: true },
    });
    const unnormalised = await vectors(queries, npy('d.npy', [4, 3]), { normalize: false });
    const changed = await vectors(queries, npy('d.npy', [4, 3], new Float32Array(12).fill(1)));
    expect(new Set([first, unnormalised, changed].map(({ sha256 }) => sha256)).size).toBe(3);
  });

  test('are refused with both names where their dimensions differ, and where a file is missing, cut off or odd', async () => {
    const good = npy('d.npy', [4, 3]);
    const bad = (queries: string, message: RegExp) =>
      expect(vectors(queries, good)).rejects.toMatchObject({
        code: 'BadVectors',
        message: expect.stringMatching(message),
      });
    await bad(npy('q.npy', [2, 5]), /q\.npy has vectors of 5 dimensions and .*d\.npy of 3/);
    await bad(npy('q.npy', [6]), /shape 6; expected rows x dimension/);
    await bad(`${good}x`, /d\.npyx is not there/);
    writeFileSync(join(directory, 'q.npy'), encodeNpy(new Int32Array(6), [2, 3]));
    await bad(pathToFileURL(join(directory, 'q.npy')).href, /dtype <i4; save vectors as float32 or float16/);
    writeFileSync(join(directory, 'q.npy'), encodeNpy(new Float32Array(6), [2, 3]).subarray(0, 140));
    await bad(pathToFileURL(join(directory, 'q.npy')).href, /140 bytes.*needs 152: the file is cut off/);
  });
});
