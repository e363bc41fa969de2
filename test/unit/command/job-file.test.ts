import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CommandError } from '@quarry/workers/command-error';
import { readJobFile, workflowIdOf } from '@quarry/workers/job/job-file';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-job-'));
  await mkdir(join(directory, 'beir/qrels'), { recursive: true });
  for (const name of ['corpus.jsonl', 'queries.jsonl', 'qrels/train.tsv', 'qrels/test.tsv'])
    await writeFile(join(directory, 'beir', name), '');
  await mkdir(join(directory, 'model/onnx'), { recursive: true });
  await writeFile(join(directory, 'model/onnx/model.onnx'), '');
  await writeFile(join(directory, 'pairs.jsonl'), '');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** The lines of the message with which a job is refused, without the headline. */
async function mistakes(text: string, set: readonly string[] = []): Promise<readonly string[]> {
  await writeFile(join(directory, 'job.yaml'), text);
  try {
    readJobFile('job.yaml', { set, directory });
  } catch (error) {
    expect((error as CommandError).exitCode).toBe(2);
    const [headline, ...lines] = (error as Error).message.split('\n');
    expect(headline).toMatch(/nothing was started:$/);
    return lines.map((line) => line.replaceAll(directory, 'DIR'));
  }
  throw new Error('the job was taken');
}

const RIGHT = `name: right
input:
  format: beir
  path: beir
model:
  kind: encoder
  path: model
`;

describe('a right job', () => {
  test('has every default and its paths as URIs, relative to the job file', async () => {
    await mkdir(join(directory, 'jobs'), { recursive: true });
    await writeFile(
      join(directory, 'jobs/job.yaml'),
      RIGHT.replace('path: beir', 'path: ../beir').replace('path: model', 'path: ../model/'),
    );
    const job = readJobFile('jobs/job.yaml', { directory });
    const uri = (path: string): string => pathToFileURL(join(directory, path)).href;
    expect(job.input.path).toBe(uri('beir'));
    expect(job.model).toMatchObject({ kind: 'encoder', path: uri('model') });
    expect(job.output.path).toBe(uri('jobs/out'));
    expect(job.mining).toMatchObject({ strategy: 'saha', topK: 15, poolMultiplier: 3 });
  });

  test('may be JSON, and has the same workflow id', async () => {
    await writeFile(join(directory, 'job.yaml'), RIGHT);
    const job = {
      name: 'right',
      input: { format: 'beir', path: 'beir' },
      model: { kind: 'encoder', path: 'model' },
    };
    await writeFile(join(directory, 'job.json'), JSON.stringify(job, null, '\t'));
    const [yaml, json] = ['job.yaml', 'job.json'].map((file) => readJobFile(file, { directory }));
    expect(json).toEqual(yaml);
    expect(workflowIdOf(json!)).toBe(workflowIdOf(yaml!));
    expect(workflowIdOf(yaml!)).toMatch(/^right-[0-9a-f]{12}$/);
  });

  test('--set overrides, --output is relative to where the command was called, other schemes stay', async () => {
    await mkdir(join(directory, 'called'), { recursive: true });
    await writeFile(join(directory, 'job.yaml'), RIGHT);
    const set = [
      'mining.strategy=margin',
      'mining.relativeMargin=0.05',
      'output.tables=[triplet]',
      'input.path=s3://b/p/',
    ];
    const options = { set, output: 'mined', directory: join(directory, 'called') };
    const job = readJobFile('../job.yaml', options);
    expect(job.mining).toMatchObject({ strategy: 'margin', relativeMargin: 0.05 });
    expect(job.output).toMatchObject({
      tables: ['triplet'],
      path: pathToFileURL(join(directory, 'called/mined')).href,
    });
    expect(job.input.path).toBe('s3://b/p');
    const other = readJobFile('job.yaml', { directory });
    expect(workflowIdOf(other)).not.toBe(workflowIdOf(job));
  });

  test('the default model needs no file', async () => {
    await writeFile(join(directory, 'job.yaml'), 'name: x\ninput: {format: pairs, path: pairs.jsonl}\n');
    expect(readJobFile('job.yaml', { directory }).model).toMatchObject({
      kind: 'generator',
      path: 'bundled:quarry-mini',
    });
  });
});

describe('a wrong job is refused with every mistake at its place', () => {
  const cases: readonly (readonly [what: string, text: string, lines: readonly string[]])[] = [
    [
      'out of range',
      `${RIGHT}mining:\n  strategy: margin\n  relativeMargin: 1.7\n`,
      [
        'job.yaml:10:19 mining.relativeMargin: 1.7 is not between 0 and 1; drops what scores above (1 - margin) of the positive; 0.05 keeps what is below 95 % of it',
      ],
    ],
    [
      'unknown keys, near and far',
      `${RIGHT}mining:\n  top_k: 5\ncolour: red\n`,
      [
        'job.yaml:9:3 mining.top_k: is not a field of a job; did you mean topK?',
        'job.yaml:10:1 colour: is not a field of a job; known here: name, input, model, search, mining, output, cache, execution, seed',
      ],
    ],
    [
      'a key of another kind of model',
      `${RIGHT}  prompt: none\n`,
      ['job.yaml:8:3 model.prompt: is not a field of a job; it belongs to kind: generator'],
    ],
    [
      'wrong values of an enum, in a list as well',
      `${RIGHT}search: {engine: faiss}\noutput: {tables: [triplet, pairs]}\n`,
      [
        'job.yaml:8:18 search.engine: "faiss" is not one of auto, exact, hnswlib; auto chooses by the size of the job; exact has recall 1; hnswlib is a graph',
        'job.yaml:9:28 output.tables.1: "pairs" is not one of triplet, n-tuple, clusters, candidates; the tables to write; default: all that the strategy makes',
      ],
    ],
    [
      'wrong types',
      `${RIGHT}seed: many\nmining:\n  topK: 2.5\nsearch: [exact]\n`,
      [
        'job.yaml:8:7 seed: "many" is not a whole number of at least 0; of everything that is drawn at random',
        'job.yaml:10:9 mining.topK: 2.5 is not a whole number from 1 to 1000; K of the paper: pairs kept for an anchor',
        'job.yaml:11:9 search: ["exact"] is not a mapping (lines of `key: value`); how candidates are found',
      ],
    ],
    [
      'missing keys, at their parent',
      'input:\n  path: beir\nmodel:\n  path: model\n',
      [
        'job.yaml:1:1 name: is missing; names the run: the run id begins with it',
        'job.yaml:1:1 input.format: is missing (one of beir, pairs, classification, mmeb); how the input is laid out',
        'job.yaml:3:1 model.kind: is missing (one of encoder, generator, vectors); encoder: BERT-like; generator: a decoder LLM; vectors: your own .npy files',
      ],
    ],
    [
      'an empty section',
      `${RIGHT}mining:\n`,
      ['job.yaml:8:1 mining: is empty; give it a value or remove it; which candidates become negatives'],
    ],
    [
      'rules between fields, although single fields are wrong as well',
      `${RIGHT}seed: -1\nmining:\n  strategy: margin\n  unowned: keep\n  rangeMin: 9\n  rangeMax: 5\n`,
      [
        'job.yaml:8:7 seed: -1 is not a whole number of at least 0; of everything that is drawn at random',
        'job.yaml:11:12 mining.unowned: margin looks at no owners; use strategy: saha or remove it',
        'job.yaml:13:13 mining.rangeMax: 5 is not above rangeMin 9, so no rank is left; raise it',
      ],
    ],
    [
      'no false accusation while the strategy is not known',
      `${RIGHT}mining:\n  strategy: margins\n  relativeMargin: 0.1\n`,
      [
        'job.yaml:9:13 mining.strategy: "margins" is not one of saha, margin, best; saha looks back into query space and makes clusters; margin compares with the positive; best compares whole pairs',
      ],
    ],
    [
      'files that are not there',
      RIGHT.replace('path: beir', 'path: bear').replace('path: model', 'path: modell'),
      [
        'job.yaml:4:9 input.path: DIR/bear does not exist; paths are relative to the job file',
        'job.yaml:7:9 model.path: DIR/modell does not exist; paths are relative to the job file',
      ],
    ],
    [
      'a split that is not there',
      RIGHT.replace('path: beir', 'path: beir\n  split: trian'),
      ['job.yaml:5:10 input.split: DIR/beir/qrels/trian.tsv does not exist; there are: test, train'],
    ],
    [
      'YAML that is none',
      'name: [x\n',
      ['job.yaml:2:1 Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    [
      'nothing at all',
      '',
      [
        'job.yaml:1:1 name: is missing; names the run: the run id begins with it',
        'job.yaml:1:1 input: is missing; what to mine: where the pairs (and the corpus) lie',
      ],
    ],
    [
      'a list',
      '- name: x\n',
      ['job.yaml:1:1 the job: [{"name":"x"}] is not a mapping (lines of `key: value`)'],
    ],
  ];

  test.each(cases)('%s', async (_, text, lines) => {
    expect(await mistakes(text)).toEqual(lines);
  });

  test('mistakes of --set come first and say so', async () => {
    expect(await mistakes(`${RIGHT}seed: x\n`, ['mining.topK=0', 'mining.topk=3'])).toEqual([
      '--set mining.topK: 0 is not a whole number from 1 to 1000; K of the paper: pairs kept for an anchor',
      '--set mining.topk: is not a field of a job; did you mean topK?',
      'job.yaml:8:7 seed: "x" is not a whole number of at least 0; of everything that is drawn at random',
    ]);
  });

  test.each([
    ['mining.topK', '--set mining.topK: is not of the form path=value, as in --set mining.topK=5'],
    ['name.first=x', '--set name.first: name is "right", not a mapping'],
  ])('--set %s', async (set, message) => {
    await writeFile(join(directory, 'job.yaml'), RIGHT);
    expect(() => readJobFile('job.yaml', { set: [set], directory })).toThrow(message);
  });
});
