import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Mined, mine } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

const ROWS = 6000;
const DIMENSION = 48;
let directory: string;
let job: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-hnswlib-'));
  const documents = mixture(ROWS, DIMENSION, 1);
  const queries = mixture(ROWS, DIMENSION, 2, documents);
  job = await writeJob(
    directory,
    {
      name: 'hnswlib',
      input: { format: 'pairs', path: 'pairs.jsonl' },
      model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
      search: { engine: 'hnswlib', efSearch: 400, recallSample: 300 },
      mining: { strategy: 'margin', relativeMargin: 0.05 },
      execution: { shardRows: 1500, partRows: 3000 },
    },
    {
      'pairs.jsonl': jsonl(
        Array.from({ length: ROWS }, (_, i) => ({ query: `query ${i}`, positive: `document ${i}` })),
      ),
      'queries.npy': encodeNpy(queries, [ROWS, DIMENSION]),
      'documents.npy': encodeNpy(documents, [ROWS, DIMENSION]),
    },
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function recall(run: Mined): Promise<{ recallAtK: number; k: number; sample: number }> {
  const manifest = JSON.parse(await readFile(fileURLToPath(run.manifest), 'utf8'));
  const report = JSON.parse(await readFile(join(fileURLToPath(run.output), 'report.json'), 'utf8'));
  expect(report.index.recall.recallAtK).toBe(manifest.index.recallAtK);
  expect(manifest.index).toMatchObject({ engine: 'hnswlib', sample: 300 });
  return manifest.index;
}

test('two index parts, searched by other processes than those that built them; recall is measured', async () => {
  const thorough = await mine(job, join(directory, 'home'));
  expect(thorough.stages.index).toMatchObject({ units: 2, computed: 2 });
  expect((await recall(thorough)).recallAtK).toBeGreaterThanOrEqual(0.95);

  const hasty = await mine(job, join(directory, 'home'), ['--set', 'search.efSearch=8']);
  expect(hasty.stages.index).toMatchObject({ units: 2, computed: 0, reused: 2 });
  expect(hasty.stages.search!.computed).toBe(hasty.stages.search!.units);
  const measured = await recall(hasty);
  expect(measured.recallAtK).toBeLessThan(1);
  expect(measured.recallAtK).toBeGreaterThan(0.3);
  expect(hasty.runId).not.toBe(thorough.runId);
});
