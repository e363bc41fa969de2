import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import type { PulledModel } from '@quarry/activities/hub/cached-model';
import { parseHubReference } from '@quarry/activities/hub/hub-reference';
import { pullModel } from '@quarry/activities/hub/pull-model';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { openStore } from '@quarry/activities/storage/open-store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HubOptions, type LocalHub, startLocalHub } from '../../support/local-hub.ts';
import { moveWeights } from './broken-models.ts';
import { tinyCopy, tinyDirectory } from './tiny-models.ts';

let cache: string;
let hub: LocalHub;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'quarry-hub-'));
});
afterEach(async () => {
  await hub.close();
  rmSync(cache, { recursive: true });
});

async function start(directory: string, more: Partial<HubOptions> = {}): Promise<void> {
  hub = await startLocalHub({ repository: 'owner/tiny', directory, ...more });
}

function pull(
  reference = 'hf:owner/tiny',
  more: { token?: string; dtype?: 'fp16' } = {},
): Promise<PulledModel> {
  const { token, dtype } = more;
  return pullModel(
    parseHubReference(reference),
    { kind: 'generator', dtype },
    { endpoint: hub.endpoint, token, cache },
  );
}

const asked = (path: string) => hub.requests.filter((request) => request.path.endsWith(path));

describe('pulling a model', () => {
  test('fetches what it is run from and no more, into the layout of Hugging Face caches', async () => {
    await start(tinyDirectory('tiny-llama'));
    hub.files.set('pytorch_model.bin', Buffer.alloc(100_000));
    const { directory, revision, fetched, bytes } = await pull();
    expect(revision).toBe(hub.commit());
    expect(directory).toBe(join(cache, 'models--owner--tiny/snapshots', revision));
    expect([...fetched].sort()).toEqual([
      'config.json',
      'onnx/model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(bytes).toBe(fetched.reduce((sum, path) => sum + hub.files.get(path)!.length, 0));
    expect(readFileSync(join(cache, 'models--owner--tiny/refs/main'), 'utf8')).toBe(revision);
    for (const path of fetched) {
      expect(readFileSync(join(directory, path)).equals(hub.files.get(path)!)).toBe(true);
      expect(lstatSync(join(directory, path)).isSymbolicLink()).toBe(true);
    }
    const manifest = JSON.parse(readFileSync(join(directory, 'quarry.json'), 'utf8'));
    expect(manifest).toMatchObject({ kind: 'generator', source: { repository: 'owner/tiny', revision } });
    expect(Object.keys(manifest.files)).toHaveLength(4);
  });

  test('does not fetch twice, and with a commit asks nothing at all', async () => {
    await start(tinyDirectory('tiny-qwen3'));
    const { revision } = await pull();
    const before = hub.requests.length;
    expect((await pull()).fetched).toEqual([]);
    expect(hub.requests.slice(before).every(({ path }) => path.startsWith('/api/'))).toBe(true);
    const then = hub.requests.length;
    expect((await pull(`hf:owner/tiny@${revision}`)).fetched).toEqual([]);
    expect(hub.requests).toHaveLength(then);
  });

  test('takes a moved branch anew, sharing what stayed', async () => {
    await start(tinyDirectory('tiny-qwen3'));
    const first = await pull();
    hub.files.set('config.json', Buffer.concat([hub.files.get('config.json')!, Buffer.from('\n')]));
    const second = await pull();
    expect(second.revision).not.toBe(first.revision);
    expect(second.fetched).toEqual(['config.json']);
  });

  test('goes on where a file was cut off, with the tag of what it has', async () => {
    await start(tinyDirectory('tiny-qwen3'));
    hub.cuts.set('onnx/model.onnx', 90_000);
    const { directory } = await pull();
    const parts = asked('/objects/onnx/model.onnx');
    expect(parts).toHaveLength(2);
    const tag = /^"[0-9a-f]{64}"$/;
    expect(parts[1]).toMatchObject({ range: 'bytes=90000-', ifRange: expect.stringMatching(tag) });
    expect(readFileSync(join(directory, 'onnx/model.onnx')).equals(hub.files.get('onnx/model.onnx')!)).toBe(
      true,
    );
    expect(
      readdirSync(join(cache, 'models--owner--tiny/blobs')).filter((name) => name.includes('.')),
    ).toEqual([]);
  });

  test('begins again where the content changed in between', async () => {
    await start(tinyDirectory('tiny-qwen3'));
    const tokenizer = hub.files.get('tokenizer.json')!;
    hub.cuts.set('tokenizer.json', 5_000);
    // Same length, other bytes: a part of the old one with a part of the new one would be neither.
    hub.afterCut = () => hub.files.set('tokenizer.json', Buffer.from(tokenizer).fill(' ', 0, 4000));
    await expect(pull()).rejects.toThrow(/tokenizer\.json: .*answers 404/);
    expect((await pull()).fetched).toContain('tokenizer.json');
  });

  test('refuses content that is not what the hub says, and keeps nothing of it', async () => {
    await start(tinyDirectory('tiny-qwen3'));
    const graph = hub.files.get('onnx/model.onnx')!;
    const honest = hub.files;
    const sent = Buffer.from(graph);
    sent[1000]! ^= 1;
    // The listing speaks of one content, the download gives another.
    const get = honest.get.bind(honest);
    honest.get = (path) =>
      path === 'onnx/model.onnx' && new Error().stack!.includes('sendContent') ? sent : get(path);
    await expect(pull()).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(/onnx\/model\.onnx: the content has hash .*but the hub says/),
    });
    const blobs = readdirSync(join(cache, 'models--owner--tiny/blobs'));
    expect(blobs.some((name) => name.includes('incomplete'))).toBe(false);
    honest.get = get;
    expect((await pull()).fetched).toContain('onnx/model.onnx');
  });

  test('passes the token on to the hub only, and says what is missing without it', async () => {
    await start(tinyDirectory('tiny-qwen3'), { token: 'hf_secret' });
    await expect(pull()).rejects.toThrow(/answers 401: access is refused.*set HF_TOKEN/);
    await expect(pull('hf:owner/tiny', { token: 'hf_wrong' })).rejects.toThrow(/HF_TOKEN may not read it/);
    await expect(pull('hf:owner/tiny', { token: 'wrong' })).rejects.toThrow(
      /HF_TOKEN: .*must start with 'hf_'/,
    );
    await pull('hf:owner/tiny', { token: 'hf_secret' });
    expect(asked('/resolve/').every(({ authorization }) => authorization === 'Bearer hf_secret')).toBe(true);
  });

  test('offline or without a hub, a branch is the commit that the cache knows, and that is said', async () => {
    await start(tinyDirectory('tiny-llama'));
    const reference = parseHubReference('hf:owner/tiny');
    const notices: string[] = [];
    const notice = (text: string) => void notices.push(text);
    const offline = { endpoint: hub.endpoint, cache, offline: true, notice };
    await expect(pullModel(reference, { kind: 'generator' }, offline)).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(
        /hf:owner\/tiny@main: HF_HUB_OFFLINE is set, and .*models--owner--tiny does not hold what is needed; fetch it while online \(quarry model pull\)/,
      ),
    });
    expect(hub.requests).toEqual([]);
    const { directory, revision } = await pull();
    const asked = hub.requests.length;
    hub.files.set('config.json', Buffer.from('{"moved": "on"}'));
    const held = { directory, revision, fetched: [], bytes: 0 };
    expect(await pullModel(reference, { kind: 'generator' }, offline)).toEqual(held);
    expect(hub.requests).toHaveLength(asked);
    const unreachable = { ...offline, offline: false, endpoint: 'http://127.0.0.1:9' };
    expect(await pullModel(reference, { kind: 'generator' }, unreachable)).toEqual(held);
    expect(notices).toEqual([
      `hf:owner/tiny@main: HF_HUB_OFFLINE is set; the cached commit ${revision} is used`,
      expect.stringMatching(/@main: http:\/\/127\.0\.0\.1:9 cannot be reached \(.*\); the cached commit/),
    ]);
    // Another export of the same commit is not in the cache.
    await expect(pullModel(reference, { kind: 'generator', dtype: 'fp16' }, unreachable)).rejects.toThrow(
      /cannot be reached .* does not hold what is needed; set HF_ENDPOINT to a mirror/,
    );
  });

  test('names a repository, revision or dtype that is not there, and a hub that cannot be reached', async () => {
    await start(tinyDirectory('tiny-qwen3'));
    await expect(pull('hf:owner/other')).rejects.toThrow(
      /hf:owner\/other@main: .* answers 404: there is no such/,
    );
    await expect(pull('hf:owner/tiny@v9')).rejects.toThrow(/hf:owner\/tiny@v9: .* answers 404/);
    await expect(pull('hf:owner/tiny', { dtype: 'fp16' })).rejects.toThrow(
      /model\.dtype: fp16, but hf:owner\/tiny@.* holds/,
    );
    expect(() => parseHubReference('hf:tiny')).toThrow(/expected hf:owner\/name/);
    const access = { endpoint: 'http://127.0.0.1:9', cache };
    await expect(
      pullModel(parseHubReference('hf:owner/tiny'), { kind: 'generator' }, access),
    ).rejects.toThrow(/127\.0\.0\.1:9 cannot be reached \(.*set HF_ENDPOINT to a mirror/);
    expect(existsSync(join(cache, 'models--owner--tiny/snapshots'))).toBe(false);
  });
});

test('a model of the hub, weights in a file of its own, embeds by its path in a job, its commit pinned', async () => {
  const source = tinyCopy('tiny-qwen3');
  await moveWeights(join(source, 'onnx/model.onnx'), ['model.onnx_data']);
  await start(source);
  const context = {
    openStore,
    scratch: join(cache, 'scratch'),
    hub: { endpoint: hub.endpoint, cache },
  } as unknown as Dependencies;
  const job = { kind: 'generator', path: 'hf:owner/tiny@v1', prompt: 'hierarchical' } as const;
  const { identity, settings } = await openModel(context, job);
  expect(identity.path).toBe(`hf:owner/tiny@${hub.commit()}`);
  const model = await LoadedModel.load(settings, 1);
  const row = model.tokens({ text: 'a cat', image: null }, 'query');
  const vector = await model.run({ items: [row], rows: 1, length: row.ids.length });
  expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  await model.release();
  const local = await openModel(context, { ...job, path: source });
  expect(local.identity.sha256).toBe(identity.sha256);
});
