import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { quarry } from '../../support/quarry.ts';
import { committedRun, exported, runDirectory } from './exported-run.ts';

test('a target that is taken stays as it is; an empty one is used', async () => {
  const made = await committedRun();
  const to = join(made.directory, 'target');
  await mkdir(to);
  await exported(made, 'flagembedding', { to });
  expect(await readdir(to)).toEqual(['README.md', 'train.jsonl']);
  const before = await readFile(join(to, 'train.jsonl'));
  await expect(exported(made, 'ms-swift', { to })).rejects.toThrow(`--to ${to} exists and is not empty`);
  expect(await readFile(join(to, 'train.jsonl'))).toEqual(before);
  await expect(exported(made, 'ms-swift', { to: join(to, 'train.jsonl') })).rejects.toThrow('is a file');
});

test('a file that is not the one of the manifest is named, and nothing is left behind', async () => {
  const made = await committedRun();
  const to = join(made.directory, 'exports', 'x');
  const file = join(runDirectory(made), 'data', 'triplet', 'train-00000-of-00001.parquet');
  const bytes = await readFile(file);
  bytes[100]! ^= 1;
  await writeFile(file, bytes);
  await expect(exported(made, 'sentence-transformers', { to })).rejects.toThrow(
    /data\/triplet\/train-00000-of-00001.parquet has sha256 \w+, and the manifest says \w+/,
  );
  await writeFile(file, bytes.subarray(1));
  await expect(exported(made, 'flagembedding', { to })).rejects.toThrow(
    `has ${bytes.length - 1} bytes, and the manifest says ${bytes.length}`,
  );
  await rm(file);
  await expect(exported(made, 'flagembedding', { to })).rejects.toThrow('is not there');
  expect(await readdir(dirname(to))).toEqual([]);
});

test('a table or a cache that the format needs and the run has not', async () => {
  const made = await committedRun({ tables: ['candidates'] });
  await expect(exported(made, 'flagembedding', { cache: false })).rejects.toThrow(
    'is made from the table triplet, which fabricated-0123456789ab has not; add triplet to output.tables',
  );
  await expect(exported(made, 'gen2embed')).rejects.toThrow('mine with mining.strategy: saha');
  await expect(exported(made, 'tevatron', { cache: false })).rejects.toThrow('holds nothing of this run');
});

test('the command says what it wrote, and ends with 2 where it is wrong', async () => {
  const made = await committedRun();
  const home = join(made.directory, 'home');
  await mkdir(home);
  const run = runDirectory(made);
  const to = join(home, 'out');
  const wrong = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await quarry(['export', ...args, '--to', to], home);
    expect([code, stdout]).toEqual([2, '']);
    return stderr;
  };
  expect(await wrong(run, '--format', 'flag-embeding')).toContain('did you mean flagembedding?');
  expect(await wrong(run, '--format', 'tevatron', '--shape', 'id')).toContain('did you mean ids?');
  expect(await wrong(run, '--format', 'gen2embed')).toContain('clusters');
  expect(await wrong(made.directory, '--format', 'tevatron')).toContain('holds no _manifest.json');
  const { code, stdout } = await quarry(['export', run, '--format', 'flagembedding', '--to', to], home);
  expect(code).toBe(0);
  expect(stdout).toContain(`Written to ${to}`);
  expect(stdout).toMatch(/train\.jsonl +40 +/);
}, 60_000);
