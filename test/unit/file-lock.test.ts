import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFileLock } from '@quarry/activities/storage/file-lock';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarry-lock-'));
  lock = join(folder, 'deep/one.lock');
});
afterEach(() => rm(folder, { recursive: true }));

/** Counts how many are inside at once. */
function counter(): { work: () => Promise<void>; most: () => number } {
  let [inside, most] = [0, 0];
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await sleep(20);
    inside--;
  };
  return { work, most: () => most };
}

test('one is inside at a time, and nothing is left behind', async () => {
  const { work, most } = counter();
  await Promise.all(Array.from({ length: 8 }, () => withFileLock(lock, work)));
  expect(most()).toBe(1);
  expect(await readdir(join(folder, 'deep'))).toEqual([]);
});

test('the result and the error of the work come through, and the lock is free after both', async () => {
  await expect(withFileLock(lock, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await withFileLock(lock, async () => 7)).toBe(7);
});

test('a lock whose holder was killed is taken over, by one at a time', async () => {
  const dead = spawnSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' });
  const holder = { pid: Number(dead.stdout), host: hostname(), token: 'old' };
  await withFileLock(lock, async () => {}); // makes the folder
  await writeFile(lock, JSON.stringify(holder));
  const { work, most } = counter();
  const waits: (number | undefined)[] = [];
  await Promise.all(Array.from({ length: 6 }, () => withFileLock(lock, work, (pid) => waits.push(pid))));
  expect(most()).toBe(1);
  expect(waits).toContain(holder.pid);
  expect(await readdir(join(folder, 'deep'))).toEqual([]);
});
