import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { type EmbedFigures, embedRows } from '@quarry/activities/embedder/embed-rows';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { decodeNpy } from '@quarry/activities/tables/npy';
import type { Job } from '@quarry/workflows/job';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shared } from '../support/shared-data.ts';

type Model = Exclude<Job['model'], { kind: 'vectors' }>;

const minilm = shared('data/models/all-MiniLM-L6-v2');
const encoder = (file: string): Model => ({
  kind: 'encoder',
  path: minilm!,
  file,
  queryPrefix: '',
  documentPrefix: '',
});
const MODELS: readonly (readonly [string, Model])[] = [
  ['quarry-mini', { kind: 'generator', path: 'bundled:quarry-mini', prompt: 'none' }],
  ...(minilm === null
    ? []
    : ([
        ['MiniLM', encoder('onnx/model.onnx')],
        ['MiniLM in int8', encoder('onnx/model_quantized.onnx')],
      ] as const)),
];

const WORDS = 'the heat transfer of a slender body in hypersonic flow depends upon its nose and angle'.split(
  ' ',
);
const LENGTHS = [2, 7, 24, 50];
/** 40 texts of a few lengths, so that there are full batches and dummy rows. */
const TEXTS = Array.from({ length: 40 }, (_, i) =>
  Array.from({ length: LENGTHS[i % 4]! }, (_, j) => WORDS[(i * 5 + j * j) % WORDS.length]).join(' '),
);

describe.each(MODELS)('%s: a vector is the same bits', (_, settingsOf) => {
  let directory: string;
  let model: LoadedModel;
  let whole: Map<string, string>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-bits-'));
    model = await load(2);
    whole = (await embedded(TEXTS)).vectors;
  });
  afterAll(async () => {
    await model.release();
    await rm(directory, { recursive: true });
  });

  test('in another order', async () => {
    expect((await embedded([...TEXTS].reverse())).vectors).toEqual(whole);
  });

  test('in shards cut otherwise', async () => {
    for (const [start, end] of [
      [0, 1],
      [1, 18],
      [18, 40],
    ] as const) {
      const { vectors } = await embedded(TEXTS.slice(start, end));
      for (const [text, bits] of vectors) expect(bits).toBe(whole.get(text));
    }
  });

  test('in other company', async () => {
    const others = TEXTS.map((text, i) => (i % 5 === 0 ? text : text.replace(/\w+$/, 'again')));
    const { vectors } = await embedded(others);
    for (const text of TEXTS.filter((_, i) => i % 5 === 0)) expect(vectors.get(text)).toBe(whole.get(text));
  });

  test('with another number of threads', async () => {
    const single = await load(1);
    const { vectors } = await embedded(TEXTS.slice(0, 8), single);
    await single.release();
    for (const [text, bits] of vectors) expect(bits).toBe(whole.get(text));
  });

  test('for equal texts, which are embedded once', async () => {
    const texts = ['heat', 'flow', 'heat', 'heat'];
    const { rows, figures } = await embedded(texts);
    expect(rows[2]).toBe(rows[0]);
    expect(rows[3]).toBe(rows[0]);
    expect(rows[1]).not.toBe(rows[0]);
    expect(figures.rows).toBe(4);
    expect(figures.tokens).toBe(
      ['heat', 'flow'].flatMap((text) => model.tokens({ text, image: null }, 'document').ids).length,
    );
  });

  async function load(threads: number): Promise<LoadedModel> {
    const { settings } = await openModel({ scratch: directory } as Dependencies, settingsOf);
    return LoadedModel.load(settings, threads);
  }

  async function embedded(
    texts: readonly string[],
    by = model,
  ): Promise<{ vectors: Map<string, string>; rows: string[]; figures: EmbedFigures }> {
    const target = {
      vectors: join(directory, 'vectors.npy'),
      hashes: join(directory, 'hashes.npy'),
      rows: texts.length,
    };
    async function* chunks() {
      for (let i = 0; i < texts.length; i += 13) {
        yield texts.slice(i, i + 13).map((text, j) => ({ id: `${i + j}`, text, image: null }));
      }
    }
    const control = { aborted: false, progress: () => {} };
    const figures = await embedRows(by, chunks(), 'document', target, control);
    const { shape, data } = decodeNpy<Float32Array>(await readFile(target.vectors), target.vectors);
    const size = shape[1]!;
    const rows = texts.map((_, i) =>
      Buffer.from(data.slice(i * size, (i + 1) * size).buffer).toString('hex'),
    );
    return { vectors: new Map(texts.map((text, i) => [text, rows[i]!])), rows, figures };
  }
});
