import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { hashes, mine } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

const BIN = fileURLToPath(new URL('../../workers/bin/quarry.js', import.meta.url));
const ROWS = 900;
const DIMENSION = 24;
let directory: string;
const workers: ChildProcess[] = [];
/** What each of them said. */
const said: string[] = [];

/** A deployment: a server that others run, workers by role in processes of their own, two of the kind that computes. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-deployment-'));
  const { address } = inject('temporal');
  for (const role of ['workflows,io', 'gpu,cpu', 'gpu,cpu']) {
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: address,
      QUARRY_HOME: join(directory, `worker-${workers.length}`),
    };
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const worker = spawn(process.execPath, [BIN, 'worker', '--role', role], { env, stdio: [...stdio] });
    const index = said.push('') - 1;
    worker.stdout!.on('data', (text: Buffer) => {
      said[index] += text.toString();
    });
    workers.push(worker);
  }
});
afterAll(async () => {
  const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(ended);
  await rm(directory, { recursive: true, force: true });
});

test('many shards on several workers of a deployment give the bytes of one local run with one shard', async () => {
  const documents = mixture(ROWS, DIMENSION, 3);
  const pairs = Array.from({ length: ROWS }, (_, i) => ({
    query: `query ${i}`,
    positive: `document ${i % 700}`,
  }));
  const job = await writeJob(
    directory,
    {
      name: 'deployed',
      input: { format: 'pairs', path: 'pairs.jsonl', corpus: { path: 'corpus.jsonl' } },
      model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
      mining: { topK: 4, poolMultiplier: 3, unowned: 'keep' },
    },
    {
      'pairs.jsonl': jsonl(pairs),
      'corpus.jsonl': jsonl(Array.from({ length: ROWS }, (_, i) => ({ id: `d${i}`, text: `document ${i}` }))),
      'queries.npy': encodeNpy(mixture(ROWS, DIMENSION, 4, documents), [ROWS, DIMENSION]),
      'documents.npy': encodeNpy(documents, [ROWS, DIMENSION]),
    },
  );
  const local = await mine(job, join(directory, 'home'), ['--output', join(directory, 'local')]);
  const cut = ['--set', 'execution.shardRows=130', '--set', 'execution.partRows=260'];
  const deployed = await mine(
    job,
    join(directory, 'home'),
    [...cut, '--output', join(directory, 'deployed')],
    {
      TEMPORAL_ADDRESS: inject('temporal').address,
    },
  );
  const device = /"device":"(cpu|cuda|webgpu|coreml)".*model\.device auto means \1 here/;
  // Said at the start, by those that run models.
  expect(said.map((text) => device.test(text))).toEqual([false, true, true]);
  expect(local.stages.search!.units).toBe(1);
  expect(deployed.stages.search!.units).toBeGreaterThan(20);
  expect(deployed.runId).toBe(local.runId);
  const data = async (output: string): Promise<unknown> => hashes(join(fileURLToPath(output), 'data'));
  expect(await data(deployed.output)).toEqual(await data(local.output));
  expect(await readFile(fileURLToPath(deployed.manifest), 'utf8')).toBe(
    await readFile(fileURLToPath(local.manifest), 'utf8'),
  );
});
