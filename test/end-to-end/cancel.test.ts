import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesBelow, until } from '../support/processes.ts';
import { quarry } from '../support/quarry.ts';

const DEMO = fileURLToPath(new URL('../../infra/demo/demo.yaml', import.meta.url));
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-cancel-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('quarry cancel ends native work within 10 seconds, and nothing is committed', async () => {
  const home = join(directory, 'home');
  const output = join(directory, 'out');
  let mining = 0;
  let cancelled = 0;
  let workers: number[] = [];
  let cancel: Promise<{ code: number | null; stderr: string; stdout: string }> | undefined;
  const ended = await quarry(['mine', DEMO, '--json', '--output', output], home, async (command) => {
    let errors = '';
    command.stderr!.on('data', (data) => {
      errors += data;
    });
    await until('embedding has begun', () => /embed: [1-9]\d* %/.test(errors), 120_000);
    mining = Date.now();
    workers = processesBelow(command.pid!, ['worker', '--role']);
    const workflow = /Started: (\S+)/.exec(errors)![1]!;
    cancel = quarry(['cancel', workflow], home);
    await cancel;
    cancelled = Date.now();
  });
  const answer = await cancel!;
  expect(answer.code, answer.stderr + answer.stdout).toBe(0);
  expect(cancelled - mining).toBeLessThan(10_000);
  expect(ended.code, ended.stderr).toBe(1);
  expect(ended.stderr).toMatch(/cancel/i);
  expect(workers.length).toBe(2);
  await until('the workers are gone', () => !workers.some((pid) => existsSync(`/proc/${pid}`)), 10_000);
  expect(existsSync(join(output, 'runs'))).toBe(false);
});
