import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sharedDirectory } from '@quarry/activities/storage/shared-directory';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tinyDirectory } from './models/tiny-models.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'quarry-shared-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

test('is made once, however many ask at the same time', async () => {
  let made = 0;
  const make = async (partial: string): Promise<void> => {
    made++;
    writeFileSync(join(partial, 'a'), 'whole');
    await new Promise((resolve) => setTimeout(resolve, 30));
  };
  const directory = join(parent, 'one');
  const all = await Promise.all(Array.from({ length: 5 }, () => sharedDirectory(directory, make)));
  expect(new Set(all)).toEqual(new Set([directory]));
  expect(made).toBe(1);
  expect(readdirSync(parent)).toEqual(['one']);
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('whole');
});

test('what fails half-way leaves nothing, and is made by the next', async () => {
  const directory = join(parent, 'one');
  const failing = sharedDirectory(directory, async (partial) => {
    writeFileSync(join(partial, 'half'), '');
    throw new Error('full disk');
  });
  await expect(failing).rejects.toThrow('full disk');
  expect(readdirSync(parent)).toEqual([]);
  await sharedDirectory(directory, async () => undefined);
  expect(existsSync(directory)).toBe(true);
});

test('what nobody used for a month goes when another one is made', async () => {
  const make = async (): Promise<void> => undefined;
  const [old, used] = [join(parent, 'old'), join(parent, 'used')];
  await sharedDirectory(old, make);
  await sharedDirectory(used, make);
  const before = new Date(Date.now() - 31 * 24 * 3_600_000);
  for (const directory of [old, used]) utimesSync(directory, before, before);
  await sharedDirectory(used, make);
  await sharedDirectory(join(parent, 'new'), make);
  expect(readdirSync(parent).sort()).toEqual(['new', 'used']);
});

/** What a worker does with a model that was not prepared; says how often a rewrite was written. */
const WORKER = `
import { openModel } from '@quarry/activities/embedder/describe-model';
import { openStore } from '@quarry/activities/storage/open-store';
import { statSync } from 'node:fs';
import { join } from 'node:path';
const [scratch, models, path] = process.argv.slice(1);
const context = { openStore, scratch, models, threads: 1 };
const { identity, settings } = await openModel(context, { kind: 'generator', path, prompt: 'hierarchical' });
const { ino } = statSync(join(settings.directory, settings.graph));
console.log(JSON.stringify({ sha256: identity.sha256, directory: settings.directory, ino }));
`;

test('a model that was not prepared is prepared once for all worker processes of a machine', async () => {
  const path = tinyDirectory('tiny-qwen3');
  const models = join(parent, 'models');
  const run = async (name: string) => {
    const args = ['--input-type=module', '-e', WORKER, join(parent, name), models, path];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname });
    return JSON.parse(stdout) as { sha256: string; directory: string; ino: number };
  };
  const [one, two] = await Promise.all([run('one'), run('two')]);
  expect(two).toEqual(one);
  expect(await run('later')).toEqual(one);
  // One copy, and no process has another in its scratch.
  expect(readdirSync(models)).toHaveLength(1);
  for (const name of ['one', 'two', 'later']) expect(existsSync(join(parent, name))).toBe(false);
});
