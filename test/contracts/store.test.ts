import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createOpenStore } from '@quarry/activities/storage/open-store';
import type { Store } from '@quarry/activities/storage/store';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

const s3 = inject('s3');
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-store-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** One suite for every store: what the stages rely on. */
describe.each(['file', ...(s3 ? ['s3'] : [])])('%s: store', (scheme) => {
  let store: Store;
  let base: string;

  beforeAll(() => {
    base =
      scheme === 's3'
        ? `s3://${s3!.bucket}/contract-${process.pid}-${Date.now()}`
        : pathToFileURL(join(directory, 'objects')).href;
    const credentials = s3 && { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey };
    const config = s3
      ? { endpoint: s3.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: credentials! }
      : {};
    store = createOpenStore({ s3: config })(`${base}/`);
  });

  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const text = (data: Uint8Array): string => new TextDecoder().decode(data);

  test('gives back what was written, whole and in ranges', async () => {
    await store.write(`${base}/a/one`, bytes('hello, wörld'));
    expect(text(await store.read(`${base}/a/one`))).toBe('hello, wörld');
    expect(text(await store.readRange(`${base}/a/one`, 2, 5))).toBe('llo');
    expect(await store.readRange(`${base}/a/one`, 3, 3)).toHaveLength(0);
    expect(await store.size(`${base}/a/one`)).toBe(13);
  });

  test('says that an object is missing, and where', async () => {
    expect(await store.readIfPresent(`${base}/none`)).toBeNull();
    expect(await store.size(`${base}/none`)).toBeNull();
    await expect(store.read(`${base}/none`)).rejects.toThrow(`${base}/none does not exist`);
    await expect(store.localCopy(`${base}/none`, join(directory, 'copies'))).rejects.toThrow(`${base}/none`);
  });

  test('has a version that changes with the object', async () => {
    expect(await store.version(`${base}/versioned`)).toBeNull();
    await store.write(`${base}/versioned`, bytes('abc'));
    const first = await store.version(`${base}/versioned`);
    expect(await store.version(`${base}/versioned`)).toBe(first);
    await store.write(`${base}/versioned`, bytes('abd'));
    expect(await store.version(`${base}/versioned`)).not.toBe(first);
  });

  test('refuses a range beyond the end', async () => {
    await store.write(`${base}/short`, bytes('abc'));
    await expect(store.readRange(`${base}/short`, 1, 9)).rejects.toThrow(`${base}/short`);
  });

  test('a conditional put never replaces, and one of many writers wins', async () => {
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.writeIfAbsent(`${base}/commit`, bytes(`writer ${i}`))),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(text(await store.read(`${base}/commit`))).toBe(`writer ${won.indexOf(true)}`);
    expect(await store.writeIfAbsent(`${base}/commit`, bytes('late'))).toBe(false);
  });

  test('takes in a large local file, consumes it, and hands out a local copy', async () => {
    const local = join(directory, 'large');
    const content = new Uint8Array(20_000_003).map((_, i) => i % 251);
    await writeFile(local, content);
    await store.putFile(local, `${base}/large.bin`);
    await expect(stat(local)).rejects.toThrow();
    const copy = await store.localCopy(`${base}/large.bin`, join(directory, 'copies'));
    expect(Buffer.compare(await readFile(copy), content)).toBe(0);
    expect(await store.localCopy(`${base}/large.bin`, join(directory, 'copies'))).toBe(copy);
  });

  test('lists by prefix in bytewise order, whatever the characters', async () => {
    const names = ['list/Z', 'list/a', 'list/b c/ü', 'list/b+d'];
    for (const name of names) await store.write(`${base}/${name}`, bytes(name));
    const listed: string[] = [];
    for await (const object of store.list(`${base}/list/`))
      listed.push(decodeURIComponent(object.uri.slice(base.length + 1)));
    expect(listed).toEqual(names);
  });

  test('removes, and does not mind what is gone', async () => {
    await store.write(`${base}/gone`, bytes('x'));
    await store.remove(`${base}/gone`);
    await store.remove(`${base}/gone`);
    expect(await store.readIfPresent(`${base}/gone`)).toBeNull();
  });

  if (scheme === 'file')
    test('leaves no half-written file behind', async () => {
      await Promise.all(Array.from({ length: 10 }, (_, i) => store.write(`${base}/busy`, bytes(`${i}`))));
      const left = await readdir(join(directory, 'objects'));
      expect(left.filter((name) => name.startsWith('.part-'))).toEqual([]);
    });
});
