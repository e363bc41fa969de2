import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOpenStore } from '@quarry/activities/storage/open-store';
import { ensureLocalTemporal } from '@quarry/workers/servers/local-temporal';
import type { JobInput } from '@quarry/workflows/job';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startLocalHub } from '../support/local-hub.ts';
import { PICTURE_PAIRS, picturePairs } from '../support/picture-pairs.ts';
import { hashes, type Mined, mine, quarry } from '../support/quarry.ts';
import { temporaryHome } from '../support/servers.ts';
import { writeJob } from '../support/write-job.ts';
import { tinyDirectory } from '../unit/models/tiny-models.ts';

/** Models and images that lie elsewhere: on a real S3 server, and on a hub of the loopback interface. */

const s3 = inject('s3');
if (!s3) console.warn('models and images on S3 are not tested: no S3 server could be had');
const MODEL = tinyDirectory('tiny-qwen2-vl');

let directory: string;
let home: string;
let job: string;
let local: Mined;
let stop: () => Promise<void>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quarry-remote-models-'));
  const { settings, remove } = await temporaryHome();
  home = settings.home;
  const server = await ensureLocalTemporal(settings, { onLine: console.log });
  stop = () => server.stop().finally(remove);
  const asked: JobInput = {
    name: 'remote',
    input: PICTURE_PAIRS,
    model: { kind: 'generator', path: MODEL, maxPixels: 16 * 28 * 28 },
    mining: { strategy: 'margin', numNegatives: 2 },
    output: { path: join(directory, 'local') },
  };
  job = await writeJob(join(directory, 'job'), asked, await picturePairs(12));
  local = await mine(job, home);
}, 300_000);
afterAll(async () => {
  await stop();
  rmSync(directory, { recursive: true });
});

const data = (output: string): Promise<Record<string, string>> => hashes(join(fileURLToPath(output), 'data'));

describe.skipIf(!s3)('on S3', () => {
  test('model and images give the run that they give on files', async () => {
    const prefix = `s3://${s3!.bucket}/models-${process.pid}-${Date.now()}`;
    const credentials = { accessKeyId: s3!.accessKeyId, secretAccessKey: s3!.secretAccessKey };
    const store = createOpenStore({
      s3: { endpoint: s3!.endpoint, region: s3!.region, forcePathStyle: true, credentials },
    })('s3://');
    for (const path of Object.keys(await hashes(MODEL)))
      await store.write(`${prefix}/model/${path}`, readFileSync(join(MODEL, path)));
    for (const name of readdirSync(join(directory, 'job/pictures')))
      await store.write(`${prefix}/pictures/${name}`, readFileSync(join(directory, 'job/pictures', name)));
    const verified = await quarry(['model', 'verify', `${prefix}/model`, '--json'], home);
    expect(verified.code, verified.stdout).toBe(0);
    const remote = await mine(job, home, [
      ...['--set', `model.path=${prefix}/model`],
      ...['--set', `input.imageRoot=${prefix}/pictures`],
      ...['--output', join(directory, 's3')],
    ]);
    expect(remote.runId).toBe(local.runId);
    expect(remote.stages.embed!.computed).toBeGreaterThan(0);
    expect(await data(remote.output)).toEqual(await data(local.output));
  }, 300_000);
});

test('a model of the hub gives the run that it gives on files, its commit in the manifest; once more without the hub', async () => {
  const hub = await startLocalHub({ repository: 'owner/tiny', directory: MODEL });
  const variables = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(directory, 'hf') };
  const flags = (output: string): string[] => [
    ...['--set', 'model.path=hf:owner/tiny'],
    ...['--output', join(directory, output)],
  ];
  const pinned = `hf:owner/tiny@${hub.commit()}`;
  try {
    const verified = await quarry(['model', 'verify', 'hf:owner/tiny', '--json'], home, undefined, variables);
    expect(verified.code, verified.stdout).toBe(0);
    const remote = await mine(job, home, flags('hub'), variables);
    expect(await data(remote.output)).toEqual(await data(local.output));
    const manifest = JSON.parse(readFileSync(new URL(remote.manifest), 'utf8'));
    expect(manifest.model.source).toBe(pinned);
  } finally {
    await hub.close();
  }
  const args = ['mine', job, '--json', ...flags('offline')];
  const offline = await quarry(args, home, undefined, { ...variables, HF_HUB_OFFLINE: '1' });
  expect(offline.code, offline.stderr).toBe(0);
  expect(offline.stderr).toContain(`HF_HUB_OFFLINE is set; the cached commit ${hub.commit()} is used`);
  const { output, manifest } = JSON.parse(offline.stdout.trim().split('\n').at(-1)!) as Mined;
  expect(await data(output)).toEqual(await data(local.output));
  expect(JSON.parse(readFileSync(new URL(manifest), 'utf8')).model.source).toBe(pinned);
}, 300_000);

/** The commands of README.md, with a tiny model in place of Qwen2-VL-2B-Instruct. */
test('a model of the hub: pull, prepare with its prompt baked in, verify, mine', async () => {
  const hub = await startLocalHub({ repository: 'owner/tiny', directory: MODEL });
  const variables = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(directory, 'hf-readme') };
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await quarry(args, home, undefined, variables);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  try {
    const [snapshot, revision] = (await run('model', 'pull', 'hf:owner/tiny')).split('\n');
    expect(revision).toMatch(new RegExp(`^revision ${hub.commit()}; \\d+ files, `));
    expect(await run('model', 'prepare', snapshot!, '--prefix')).toMatch(/^onnx\/embedding_prefix\.onnx: /m);
    const { checks } = JSON.parse(await run('model', 'verify', snapshot!, '--json'));
    expect(checks).toContainEqual(expect.objectContaining({ name: 'prefix', outcome: 'ok' }));
    const flags = ['--set', 'model.path=hf:owner/tiny', '--output', join(directory, 'readme')];
    const mined = JSON.parse((await run('mine', job, '--json', ...flags)).trim()) as Mined;
    // The baked prompt is another graph: another model, the same candidates.
    expect(mined.runId).not.toBe(local.runId);
    expect(mined.funnel.candidates).toBe(local.funnel.candidates);
  } finally {
    await hub.close();
  }
}, 300_000);
