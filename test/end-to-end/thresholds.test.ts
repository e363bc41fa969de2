import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { mine, quarry } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

const QUERIES = 60;
const DIMENSION = 8;

/** Every document stands there twice, the second time with a little noise; each query knows the first of its own. */
describe('thresholds and near-duplicates', () => {
  let directory: string;
  let home: string;
  let job: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-thresholds-'));
    home = join(directory, 'home');
    const originals = mixture(QUERIES, DIMENSION, 3);
    const copies = originals.map((x, i) => x + 0.001 * ((i % 3) - 1));
    const documents = Float32Array.of(...originals, ...copies);
    const all = Array.from({ length: QUERIES }, (_, i) => i);
    const corpus = Array.from({ length: 2 * QUERIES }, (_, i) => ({
      _id: `d${i}`,
      title: '',
      text: `document ${i}`,
    }));
    job = await writeJob(
      directory,
      {
        name: 'thresholds',
        input: { format: 'beir', path: 'data' },
        model: { kind: 'vectors', queries: 'q.npy', documents: 'd.npy' },
        mining: { strategy: 'margin', numNegatives: 3 },
        search: { engine: 'exact', recallSample: 10 },
        execution: { shardRows: 33 },
      },
      {
        'q.npy': encodeNpy(mixture(QUERIES, DIMENSION, 4, originals), [QUERIES, DIMENSION]),
        'd.npy': encodeNpy(documents, [2 * QUERIES, DIMENSION]),
        'data/queries.jsonl': jsonl(all.map((i) => ({ _id: `q${i}`, text: `query ${i}` }))),
        'data/corpus.jsonl': jsonl(corpus),
        'data/qrels/train.tsv': all.map((i) => `q${i}\td${i}\t1\n`).join(''),
      },
    );
  }, 60_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('copies of positives and of better negatives are dropped, and the plan says that they will be', async () => {
    const filters =
      '[{"name":"near_duplicate_positive","above":0.99},{"name":"near_duplicate_negative","above":0.99}]';
    const set = ['--set', `mining.filters=${filters}`];
    const plan = await quarry(['plan', job, ...set], home);
    expect(plan.code, plan.stderr).toBe(0);
    expect(plan.stdout).toContain(
      'near_duplicate_positive (above 0.99) > near_duplicate_negative (above 0.99)',
    );
    const { output } = await mine(job, home, set);
    const rows = await tableRows<{ query_id: string; document_id: string; reason: string | null }>(
      output,
      'candidates',
    );
    const number = (id: string): number => Number(id.slice(1));
    const copies = rows.filter(
      ({ query_id, document_id }) => number(document_id) === number(query_id) + QUERIES,
    );
    expect(copies.length).toBeGreaterThan(QUERIES / 2);
    expect(new Set(copies.map(({ reason }) => reason))).toEqual(new Set(['near_duplicate_positive']));
    const kept = rows.filter(({ reason }) => reason === null);
    expect(new Set(kept.map((row) => `${row.query_id} ${number(row.document_id) % QUERIES}`)).size).toBe(
      kept.length,
    );
    expect(rows.filter(({ reason }) => reason === 'near_duplicate_negative').length).toBeGreaterThan(QUERIES);
  }, 120_000);

  test('a threshold is found by yield and shown; a rate that cannot be estimated is refused with a way out', async () => {
    const asked = ['--set', 'mining.calibrate={"keepAtLeast":3,"forShareOfQueries":1}'];
    const found = await quarry(['mine', job, ...asked], home);
    expect(found.code, found.stderr).toBe(0);
    expect(found.stdout).toMatch(/Threshold +relative_margin -?[\d.]+: the strictest that leaves at least 3/);
    const rate = await quarry(['mine', job, '--set', 'mining.calibrate={"falseNegativeRate":0.02}'], home);
    expect(rate.code).toBe(1);
    expect(rate.stderr).toContain('no query has two positives');
    expect(rate.stderr).toContain('quarry label RUN --to sheet.jsonl');
    const many = await quarry(['mine', job, '--set', 'mining.calibrate={"keepAtLeast":5000}'], home);
    expect(many.code).toBe(1);
    expect(many.stderr).toMatch(/only 0 % of the queries have that many/);
  }, 180_000);

  test('a sample of the negatives is labelled and read back', async () => {
    const { output } = await mine(job, home);
    const sheet = join(directory, 'sheet.jsonl');
    const run = fileURLToPath(output);
    const made = await quarry(['label', run, '--to', sheet, '--rows', '30'], home);
    expect(made.code, made.stderr).toBe(0);
    const rows = (await readFile(sheet, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.length).toBe(30);
    await writeFile(
      sheet,
      jsonl(rows.map((row, i) => ({ ...row, verdict: i < 6 ? 'positive' : 'negative' }))),
    );
    const { stdout } = await quarry(['evaluate', run, '--truth', sheet, '--json'], home);
    const { runs } = JSON.parse(stdout);
    const triplets = runs.find(({ table }: { table: string }) => table === 'triplet');
    expect(triplets).toMatchObject({ judged: 30, falseNegatives: 6, rate: 0.2 });
  }, 120_000);
});
