import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesBelow, until } from '../support/processes.ts';
import { hashes, type Mined, mine, quarry } from '../support/quarry.ts';
import { writeJob } from '../support/write-job.ts';

/** A cut of the demo with the bundled model, in shards small enough that a kill comes in the middle of embedding. */
const DATA = fileURLToPath(new URL('../../infra/demo/data/', import.meta.url));
const DOCUMENTS = 1200;

let directory: string;
let job: string;
let undisturbed: Mined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-kill-'));
  job = await cutOfTheDemo(join(directory, 'job'));
  undisturbed = await mine(job, join(directory, 'home'), ['--output', join(directory, 'undisturbed')]);
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

async function cutOfTheDemo(folder: string): Promise<string> {
  const lines = async (name: string): Promise<string[]> =>
    (await readFile(join(DATA, name), 'utf8')).trim().split('\n');
  const corpus = (await lines('corpus.jsonl')).slice(0, DOCUMENTS);
  const known = new Set(corpus.map((line) => (JSON.parse(line) as { _id: string })._id));
  const [header, ...qrels] = await lines('qrels/test.tsv');
  const judged = qrels.filter((line) => known.has(line.split('\t')[1]!));
  const asked = new Set(judged.map((line) => line.split('\t')[0]!));
  const queries = (await lines('queries.jsonl')).filter((line) =>
    asked.has((JSON.parse(line) as { _id: string })._id),
  );
  return writeJob(
    folder,
    {
      name: 'killed',
      input: { format: 'beir', path: 'data', split: 'test' },
      mining: { topK: 7, poolMultiplier: 5 },
      execution: { shardRows: 200 },
    },
    {
      'data/corpus.jsonl': `${corpus.join('\n')}\n`,
      'data/queries.jsonl': `${queries.join('\n')}\n`,
      'data/qrels/test.tsv': `${[header, ...judged].join('\n')}\n`,
    },
  );
}

const shardsEmbedded = async (output: string): Promise<number> => {
  const units = await readdir(join(output, 'cache/embed')).catch(() => []);
  return units.length;
};

async function expectSameBytes(output: string): Promise<void> {
  const expected = fileURLToPath(undisturbed.output);
  expect(await hashes(join(output, 'data'))).toEqual(await hashes(join(expected, 'data')));
  expect(await readFile(join(output, '_manifest.json'), 'utf8')).toBe(
    await readFile(join(expected, '_manifest.json'), 'utf8'),
  );
}

test('kill -9 of the embedding worker: the run ends by itself, with the same bytes', async () => {
  const output = join(directory, 'worker-killed');
  let killed = 0;
  const ended = await quarry(
    ['mine', job, '--json', '--output', output],
    join(directory, 'home'),
    async (command) => {
      await until('the first shards are embedded', async () => (await shardsEmbedded(output)) >= 2, 120_000);
      const workers = processesBelow(command.pid!, ['worker', '--role', 'gpu']);
      for (const pid of workers) process.kill(pid, 'SIGKILL');
      killed = workers.length;
    },
  );
  expect(killed).toBeGreaterThan(0);
  expect(ended.code, ended.stderr).toBe(0);
  const run = JSON.parse(ended.stdout.trim().split('\n').at(-1)!) as Mined;
  expect(run.runId).toBe(undisturbed.runId);
  expect(run.stages.embed!.units).toBe(undisturbed.stages.embed!.units);
  await expectSameBytes(fileURLToPath(run.output));
}, 300_000);

test('kill -9 of the command: started again, it does only what is left, with the same bytes', async () => {
  const output = join(directory, 'command-killed');
  const home = join(directory, 'home-of-killed');
  const args = ['mine', job, '--json', '--output', output];
  let started: number[] = [];
  const first = await quarry(args, home, async (command) => {
    await until('the first shards are embedded', async () => (await shardsEmbedded(output)) >= 2, 120_000);
    started = processesBelow(command.pid!, []);
    command.kill('SIGKILL');
  });
  expect(first.code).toBeNull();
  expect(started.length).toBeGreaterThan(1);
  const alive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  await until('everything that the command had started is gone', () => !started.some(alive), 20_000);
  const before = await shardsEmbedded(output);
  expect(before).toBeLessThan(undisturbed.stages.embed!.units);
  const run = await mine(job, home, ['--output', output]);
  await expectSameBytes(fileURLToPath(run.output));

  const again = await mine(job, home, ['--output', output]);
  expect(again.runId).toBe(run.runId);
  expect(again.stages.embed?.computed ?? 0).toBe(0);
}, 300_000);

test('another parameter of mining computes no vector, no index, no search again', async () => {
  const other = ['--set', 'mining.topK=5', '--set', 'mining.poolMultiplier=7'];
  const run = await mine(job, join(directory, 'home'), [
    ...other,
    '--output',
    join(directory, 'undisturbed'),
  ]);
  expect(run.runId).not.toBe(undisturbed.runId);
  for (const stage of ['embed', 'search', 'merge', 'scoreOwners', 'filter']) {
    expect(run.stages[stage], stage).toMatchObject({ computed: 0 });
  }
  expect(run.stages.cluster!.computed).toBe(1);
}, 300_000);
