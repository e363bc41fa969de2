import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { plan } from '@quarry/activities/stages/plan';
import { readRunDocument } from '@quarry/activities/stages/run-document';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { type Job, type JobInput, jobSchema } from '@quarry/workflows/job';
import { describe, expect, test } from 'vitest';
import { jsonl, planInputAt, stageContext, temporaryDirectory, writeFiles } from './dataset/planned-input.ts';

const data = process.env.QUARRY_TEST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

const files = {
  'corpus.jsonl': jsonl({ _id: 'a', text: 'one' }, { _id: 'b', text: 'two' }, { _id: 'c', text: 'one' }),
  'queries.jsonl': jsonl({ _id: 'q', text: 'ask' }, { _id: 'r', text: 'ask more' }),
  'qrels/train.tsv': 'q\ta\t1\nr\tb\t1\n',
  'q.npy': encodeNpy(new Float32Array([1, 0, 0, 1]), [2, 2]),
  'd.npy': encodeNpy(new Float32Array([1, 0, 0, 1, 1, 0]), [3, 2]),
};

async function inputDirectory(
  content: Readonly<Record<string, string | Uint8Array>> = files,
): Promise<string> {
  const directory = await temporaryDirectory();
  await writeFiles(directory, content);
  return pathToFileURL(directory).href;
}

function jobAt(uri: string, overrides: Partial<JobInput> = {}): Job {
  return jobSchema.parse({
    name: 'tiny',
    input: { format: 'beir', path: uri },
    model: { kind: 'vectors', queries: `${uri}/q.npy`, documents: `${uri}/d.npy` },
    output: { path: `${uri}/out` },
    ...overrides,
  });
}

const runPlan = async (job: Job) => plan(stageContext(await temporaryDirectory()), { job });

test('a plan says which run this is and how much there is to do, and is memoised', async () => {
  const uri = await inputDirectory();
  const job = jobAt(uri);
  const first = await runPlan(job);
  expect(first).toMatchObject({
    cache: `${uri}/out/cache`,
    output: `${uri}/out/runs/${first.runId}`,
    manifest: null,
    funnel: null,
    documents: 2,
    queries: 2,
    pairs: 2,
    documentShards: 1,
    queryShards: 1,
    parts: 1,
    indexParts: 0,
  });
  expect(first.runId).toMatch(/^tiny-[0-9a-f]{12}$/);
  expect(first.planned.reused).toBe(false);
  const second = await runPlan(job);
  expect(second.planned.reused).toBe(true);
  expect({ ...second, planned: null }).toEqual({ ...first, planned: null });
  const document = await readRunDocument(stageContext(await temporaryDirectory()), second);
  expect(document).toMatchObject({ runId: first.runId, job, search: { engine: 'exact', k: 2 } });
});

test('the id of a run depends on content: not on paths, cache, shards or the layout of the files', async () => {
  const { runId } = await runPlan(jobAt(await inputDirectory()));
  const elsewhere = await inputDirectory();
  expect((await runPlan(jobAt(elsewhere, { cache: `${elsewhere}/c/` }))).runId).toBe(runId);
  const cut = await runPlan(jobAt(elsewhere, { execution: { shardRows: 1, partRows: 1, window: 3 } }));
  expect(cut).toMatchObject({ runId, documentShards: 2, parts: 2, queryShards: 2 });
  const others = await Promise.all([
    runPlan(jobAt(elsewhere, { seed: 1 })),
    runPlan(jobAt(elsewhere, { mining: { topK: 3 } })),
    runPlan(
      jobAt(await inputDirectory({ ...files, 'q.npy': encodeNpy(new Float32Array([0, 1, 1, 0]), [2, 2]) })),
    ),
    runPlan(jobAt(await inputDirectory({ ...files, 'qrels/train.tsv': 'q\ta\t1\nr\tb\t2\n' }))),
  ]);
  expect(new Set([runId, ...others.map((other) => other.runId)]).size).toBe(5);
});

test('given vectors are bound to their rows: the same files over rows in another order are another run', async () => {
  const turned = {
    ...files,
    'corpus.jsonl': jsonl({ _id: 'b', text: 'two' }, { _id: 'a', text: 'one' }, { _id: 'c', text: 'one' }),
  };
  const first = await runPlan(jobAt(await inputDirectory()));
  const second = await runPlan(jobAt(await inputDirectory(turned)));
  expect(second.runId).not.toBe(first.runId);
});

test('given vectors of another number than the rows are refused with both counts', async () => {
  const uri = await inputDirectory({ ...files, 'd.npy': encodeNpy(new Float32Array(4).fill(1), [2, 2]) });
  await expect(runPlan(jobAt(uri))).rejects.toMatchObject({
    code: 'BadVectors',
    message: expect.stringMatching(/d\.npy has 2 vectors, but the input has 3 rows of documents/),
  });
});

test('given vectors and lists of positives do not go together, and the message says what to do', async () => {
  const uri = await inputDirectory({ ...files, 'p.jsonl': jsonl({ query: 'a', positive: ['b', 'c'] }) });
  const job = jobAt(uri, { input: { format: 'pairs', path: `${uri}/p.jsonl` } });
  await expect(runPlan(job)).rejects.toMatchObject({
    code: 'BadJob',
    message: expect.stringMatching(/1 rows of \S+p\.jsonl have a list of positives.*input\.corpus/),
  });
});

test('a wrong job is refused with every issue, before a byte is read', async () => {
  const job = jobAt('file:///nowhere');
  const wrong = { ...job, seed: -1, mining: { ...job.mining, topK: 0, relativeMargin: 2 } } as Job;
  await expect(runPlan(wrong)).rejects.toMatchObject({
    code: 'BadJob',
    message: expect.stringMatching(
      /mining\.topK: .*\(given: 0\)[\s\S]*mining\.relativeMargin: [\s\S]*seed: .*\(given: -1\)/,
    ),
  });
});

test('a committed run is found, with its funnel', async () => {
  const uri = await inputDirectory();
  const { output } = await runPlan(jobAt(uri));
  const funnel = { candidates: 4, kept: 1, dropped: { known_positive: 3 } };
  await writeFiles(fileURLToPath(output), {
    '_manifest.json': JSON.stringify({ funnel, files: [{ rows: 3 }, { rows: 4 }] }),
  });
  expect(await runPlan(jobAt(uri))).toMatchObject({
    funnel,
    manifest: { uri: `${output}/_manifest.json`, rows: 7 },
  });
});

describe('real data sets', () => {
  const at = (name: string): string => pathToFileURL(join(data, name)).href;

  test.skipIf(!existsSync(join(data, 'scifact')))('SciFact: 5,183 documents, 919 judgements', async () => {
    const { plan: found, pairs, queries } = await planInputAt({ format: 'beir', path: at('scifact') });
    const lines = (await readFile(join(data, 'scifact/qrels/train.tsv'), 'utf8')).trim().split('\n').slice(1);
    expect(found).toMatchObject({ documents: 5183, quarantined: 0 });
    expect(found.inputs[2]).toMatchObject({ rows: 919, duplicates: 919 - pairs.length });
    expect(queries.length + found.unminedQueries + found.inputs[1]!.duplicates).toBe(1109);
    expect(pairs.slice(0, 20)).toEqual(lines.slice(0, 20).map((line) => line.split('\t').slice(0, 2)));
  });

  test.skipIf(!existsSync(join(data, 'cranfield')))(
    'Cranfield: its empty documents are bad rows',
    async () => {
      const { plan: found, quarantine } = await planInputAt({
        format: 'beir',
        path: at('cranfield'),
        split: 'test',
      });
      expect(found).toMatchObject({ documents: 1398, queries: 225, pairs: 1611, quarantined: 3 });
      expect(quarantine.map(({ file }) => file)).toEqual(['corpus.jsonl', 'corpus.jsonl', 'qrels/test.tsv']);
    },
  );

  test.skipIf(!existsSync(join(data, 'banking77')))('banking77: 77 labels own 10,003 texts', async () => {
    const { plan: found } = await planInputAt({ format: 'classification', path: at('banking77') });
    expect(found).toMatchObject({ documents: 77, queries: 10_003, pairs: 10_003, unownedDocuments: 0 });
  });

  test.skipIf(!existsSync(join(data, 'limit-small')))('limit-small: two positives per query', async () => {
    const { plan: found } = await planInputAt({ format: 'beir', path: at('limit-small'), split: 'test' });
    expect(found).toMatchObject({ documents: 46, queries: 1000, pairs: 2000, maxPositives: 2 });
  });
});
