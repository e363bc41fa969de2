import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quarry } from '../../support/quarry.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'quarry-exit-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('help', () => {
  test('lists every command, with examples and exit codes', async () => {
    const { code, stdout } = await quarry(['--help'], home);
    expect(code).toBe(0);
    for (const name of ['mine', 'plan', 'list', 'status', 'cancel', 'inspect', 'up', 'worker'])
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(stdout).toContain('quarry mine job.yaml --set mining.topK=7');
    expect(stdout).toContain('130 interrupted');
  });

  test('--version says the version', async () => {
    const { code, stdout } = await quarry(['--version'], home);
    expect([code, stdout.trim()]).toEqual([0, '0.1.0']);
  });
});

describe('what is wrong ends with 2, and nothing was started', () => {
  test.each([
    ['an unknown command', ['mien', 'job.yaml'], 'Did you mean mine?'],
    ['an unknown flag', ['mine', 'job.yaml', '--jsn'], 'Did you mean --json?'],
    ['no command', [], 'Usage: quarry'],
    ['no job', ['mine'], "missing required argument 'job'"],
    ['a job that is not there', ['mine', 'nowhere.yaml'], 'nowhere.yaml: does not exist'],
    ['an unknown role', ['worker', '--role', 'gpu,tpu'], '"tpu" is not one of workflows, gpu, cpu, io'],
    ['a limit that is none', ['list', '--limit', 'few'], 'not a whole number of at least 1'],
    ['an unknown reason', ['inspect', 'x', '--reason', 'known-positive'], 'did you mean known_positive?'],
    ['a run that is none', ['inspect', '.'], 'holds no _manifest.json, so no committed run'],
    ['no server in reach', ['status', 'x-0123456789ab'], 'No Temporal server is in reach'],
    ['workers without a server', ['worker', '--role', 'gpu'], 'set TEMPORAL_ADDRESS'],
  ])('%s', async (_, args, words) => {
    const { code, stdout, stderr } = await quarry(args, home);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
    expect([code, stdout]).toEqual([2, '']);
    expect(await readdir(home)).not.toContain('temporal.json');
  });

  test('a wrong job, in all its mistakes', async () => {
    const job = join(home, 'job.yaml');
    await writeFile(job, 'name: x\ninput: {format: pairs, path: none.jsonl}\nminning: {}\n');
    const { code, stderr } = await quarry(['mine', job], home);
    expect(code).toBe(2);
    expect(stderr).toContain(`${job}:2:30 input.path: ${join(home, 'none.jsonl')} does not exist`);
    expect(stderr).toContain(`${job}:3:1 minning: is not a field of a job; did you mean mining?`);
  });
});
