import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openStore } from '@quarry/activities/storage/open-store';
import { overlayStores } from '@quarry/workers/run/overlay-store';
import { expect, test } from 'vitest';

const text = (bytes: Uint8Array | null): string | null => bytes && new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

test('what is written over a store is found there, and the store stays as it was', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-overlay-'));
  try {
    const real = join(directory, 'real');
    const uri = (name: string): string => pathToFileURL(join(real, name)).href;
    await openStore(uri('')).write(uri('there'), bytes('real'));
    const store = overlayStores(openStore, join(directory, 'overlay'))(uri(''));
    expect(text(await store.read(uri('there')))).toBe('real');
    expect(await store.writeIfAbsent(uri('there'), bytes('new'))).toBe(false);
    expect(await store.writeIfAbsent(uri('a/b'), bytes('new'))).toBe(true);
    expect(await store.writeIfAbsent(uri('a/b'), bytes('again'))).toBe(false);
    await store.write(uri('there'), bytes('over'));
    const local = join(directory, 'file');
    await writeFile(local, 'put');
    await store.putFile(local, uri('put'));
    const names = ['there', 'a/b', 'put', 'nowhere'];
    const read = await Promise.all(names.map((name) => store.readIfPresent(uri(name))));
    expect(read.map(text)).toEqual(['over', 'new', 'put', null]);
    expect(await store.size(uri('a/b'))).toBe(3);
    expect(await readdir(real)).toEqual(['there']);
    expect(text(await openStore(uri('')).read(uri('there')))).toBe('real');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
