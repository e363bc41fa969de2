import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mine } from '../support/quarry.ts';
import { shared } from '../support/shared-data.ts';
import { writeJob } from '../support/write-job.ts';

const model = shared('data/models/all-MiniLM-L6-v2');

/** nDCG@10 as the README of the model gives it: whole data sets, exact search, no prefix. */
const EXPECTED = { scifact: 0.6492, cranfield: 0.3998 };

describe.skipIf(!model)('MiniLM retrieves as published', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-retrieval-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test.each(Object.entries(EXPECTED))('%s: nDCG@10 %f', async (name, expected) => {
    const path = shared(`data/${name}`);
    expect(path).not.toBeNull();
    const job = await writeJob(join(directory, name), {
      name,
      input: { format: 'beir', path: path!, split: 'test' },
      model: { kind: 'encoder', path: model! },
      search: { engine: 'exact' },
      mining: { strategy: 'margin' },
    });
    const run = await mine(job, join(directory, 'home'));
    const report = JSON.parse(await readFile(join(fileURLToPath(run.output), 'report.json'), 'utf8'));
    expect(Math.abs(report.retrieval.default['ndcg@10'] - expected)).toBeLessThanOrEqual(0.003);
  });
});
