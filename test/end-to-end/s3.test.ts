import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOpenStore } from '@quarry/activities/storage/open-store';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { hashes, mine, quarry } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

const s3 = inject('s3');
if (!s3) console.warn('skipped: no S3 server could be had');
const ROWS = 400;
const DIMENSION = 16;

/** Input, cache and output on a real S3 server; the same job on files gives the same bytes. */
describe.skipIf(!s3)('a run on s3:', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-s3-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('reads from, works on and commits to S3, with the bytes that a run on files has', async () => {
    const bucket = `s3://${s3!.bucket}/run-${process.pid}-${Date.now()}`;
    const documents = mixture(ROWS, DIMENSION, 1);
    const files = {
      'pairs.jsonl': jsonl(
        Array.from({ length: ROWS }, (_, i) => ({ query: `query ${i} ☃`, positive: `document ${i}` })),
      ),
      'queries.npy': encodeNpy(mixture(ROWS, DIMENSION, 2, documents), [ROWS, DIMENSION]),
      'documents.npy': encodeNpy(documents, [ROWS, DIMENSION]),
    };
    const onFiles = await writeJob(
      directory,
      {
        name: 'stored',
        input: { format: 'pairs', path: 'pairs.jsonl' },
        model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
        mining: { topK: 5, poolMultiplier: 3 },
        execution: { shardRows: 150 },
      },
      files,
    );
    const credentials = { accessKeyId: s3!.accessKeyId, secretAccessKey: s3!.secretAccessKey };
    const store = createOpenStore({
      s3: { endpoint: s3!.endpoint, region: s3!.region, forcePathStyle: true, credentials },
    })('s3://');
    for (const [name, content] of Object.entries(files)) {
      await store.write(`${bucket}/in/${name}`, typeof content === 'string' ? Buffer.from(content) : content);
    }
    const local = await mine(onFiles, join(directory, 'home'));
    const remote = await mine(onFiles, join(directory, 'home'), [
      ...['--set', `input.path=${bucket}/in/pairs.jsonl`],
      ...['--set', `model.queries=${bucket}/in/queries.npy`],
      ...['--set', `model.documents=${bucket}/in/documents.npy`],
      ...['--output', `${bucket}/out`],
    ]);
    expect(remote.runId).toBe(local.runId);
    expect(remote.output).toBe(`${bucket}/out/runs/${local.runId}`);

    const objects: string[] = [];
    for await (const { uri } of store.list(`${remote.output}/`))
      objects.push(uri.slice(remote.output.length + 1));
    const here = new URL(local.output).pathname;
    expect(objects.sort()).toEqual(Object.keys(await hashes(here)).sort());
    for (const name of objects.filter((name) => name.startsWith('data/') || name === '_manifest.json')) {
      expect(
        Buffer.compare(await store.read(`${remote.output}/${name}`), await readFile(join(here, name))),
        name,
      ).toBe(0);
    }
    const inspected = async (run: string, ...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await quarry(
        ['inspect', run, '--json', ...args],
        join(directory, 'home'),
      );
      expect(code, stderr).toBe(0);
      return stdout;
    };
    const sample = await inspected(remote.output, '--sample', '4');
    expect(sample).toBe(await inspected(here, '--sample', '4'));
    expect(JSON.parse(sample.split('\n')[0]!).positives[0].text).toMatch(/\S/);
    expect(await inspected(remote.output, '--suspects')).toBe(await inspected(here, '--suspects'));
    const again = await mine(onFiles, join(directory, 'home'), [
      ...['--set', `input.path=${bucket}/in/pairs.jsonl`],
      ...['--set', `model.queries=${bucket}/in/queries.npy`],
      ...['--set', `model.documents=${bucket}/in/documents.npy`],
      ...['--set', 'mining.topK=3', '--set', 'mining.poolMultiplier=5'],
      ...['--output', `${bucket}/out`],
    ]);
    expect(again.stages.embed!.computed + again.stages.search!.computed).toBe(0);
    expect(again.stages.cluster!.computed).toBe(1);
  });
});
