import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIsAlive } from '@quarry/activities/storage/process-alive';
import { ensureLocalTemporal, superviseLocalTemporal } from '@quarry/workers/servers/local-temporal';
import type { ServerSettings } from '@quarry/workers/servers/settings';
import { temporalAnswers, waitForUi } from '@quarry/workers/servers/temporal-health';
import { Connection } from '@temporalio/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryHome } from '../../support/servers.ts';

let settings: ServerSettings;
let remove: () => Promise<void>;
const children: ChildProcess[] = [];

beforeEach(async () => {
  ({ settings, remove } = await temporaryHome());
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  const record = JSON.parse(await readFile(join(settings.home, 'temporal.json'), 'utf8').catch(() => '{}'));
  if (record.pid !== undefined) await until(() => !processIsAlive(record.pid));
  await remove();
});

async function until(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await condition()); await sleep(50))
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition}`);
}

/** Another process that uses, or starts, this user's server and then holds it. */
async function otherCommand(): Promise<{
  child: ChildProcess;
  pid: number;
  startedByUs: boolean;
  address: string;
}> {
  const script = `
    const { ensureLocalTemporal } = await import('@quarry/workers/servers/local-temporal');
    const { serverSettings } = await import('@quarry/workers/servers/settings');
    const server = await ensureLocalTemporal(serverSettings(process.env));
    console.log(JSON.stringify(server));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    env: { ...process.env, QUARRY_HOME: settings.home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data) => resolve(String(data))),
  );
  return { child, ...JSON.parse(line) };
}

test('starts a real server with its Web UI; a second command uses it; it keeps its address', async () => {
  const first = await ensureLocalTemporal(settings);
  expect(first.startedByUs).toBe(true);
  expect(await temporalAnswers(first.address)).toBe(true);
  expect(await waitForUi(first.uiAddress)).toBe(true);
  const record = JSON.parse(await readFile(join(settings.home, 'temporal.json'), 'utf8'));
  expect(record).toMatchObject({ address: first.address, uiAddress: first.uiAddress, pid: first.pid });

  const second = await ensureLocalTemporal(settings);
  expect(second).toMatchObject({ address: first.address, pid: first.pid, startedByUs: false });
  await second.stop();
  expect(await temporalAnswers(first.address)).toBe(true);

  const connection = await Connection.connect({ address: first.address });
  const found = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(found.customAttributes).toMatchObject({ QuarryRun: 2, QuarryStage: 2 }); // Keyword
  await connection.close();

  await first.stop();
  expect(processIsAlive(first.pid)).toBe(false);
  const third = await ensureLocalTemporal(settings);
  expect(third).toMatchObject({ address: first.address, uiAddress: first.uiAddress, startedByUs: true });
  await third.stop();
});

test('commands that start at the same moment share one server', async () => {
  const all = await Promise.all([1, 2, 3].map(otherCommand));
  expect(all.filter(({ startedByUs }) => startedByUs)).toHaveLength(1);
  expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
});

test('the server ends when the command that started it is killed', async () => {
  const { child, pid, address } = await otherCommand();
  child.kill('SIGKILL');
  await until(() => !processIsAlive(pid));
  expect(await temporalAnswers(address)).toBe(false);
});

test('a lost server is started again at its address, whoever had started it', async () => {
  const other = await otherCommand();
  const lines: string[] = [];
  const lost: Error[] = [];
  const server = await superviseLocalTemporal(settings, {
    onLine: (line) => lines.push(line),
    onLost: (error) => lost.push(error),
  });
  expect(server).toMatchObject({ pid: other.pid, startedByUs: false });
  other.child.kill('SIGKILL');
  await until(() => !processIsAlive(other.pid));
  await until(() => temporalAnswers(server.address));

  const own = JSON.parse(await readFile(join(settings.home, 'temporal.json'), 'utf8')).pid;
  process.kill(own, 'SIGKILL');
  await until(() => !processIsAlive(own));
  await until(() => temporalAnswers(server.address));
  expect(lines.filter((line) => line.includes('starting it again'))).toHaveLength(2);

  await server.stop();
  expect(await temporalAnswers(server.address)).toBe(false);
  expect(lost).toEqual([]);
});

/** A `temporal` that says why it does not start. */
async function brokenServer(): Promise<string> {
  await writeFile(join(settings.home, 'temporal'), '#!/bin/sh\necho "boom: $2" >&2\nexit 3\n', {
    mode: 0o755,
  });
  return settings.home;
}

test('a server that does not start: the error names it and shows the end of its log', async () => {
  const broken = { ...settings, env: { ...settings.env, PATH: `${await brokenServer()}:/usr/bin:/bin` } };
  const error = await ensureLocalTemporal(broken).catch((reason: Error) => reason);
  expect(error).toMatchObject({ name: 'ServerError', code: 'start-failed' });
  for (const part of [join(settings.home, 'temporal'), 'exit code 3', 'temporal.log', 'boom: start-dev'])
    expect((error as Error).message).toContain(part);
});

test('after five restarts that fail, whoever supervises hears why', async () => {
  const env = { ...settings.env };
  const lines: string[] = [];
  let lose: (error: Error) => void;
  const lost = new Promise<Error>((resolve) => {
    lose = resolve;
  });
  const server = await superviseLocalTemporal(
    { ...settings, env },
    { onLine: (line) => lines.push(line), onLost: (error) => lose(error), firstBackoffMs: 1 },
  );
  env.PATH = `${await brokenServer()}:/usr/bin:/bin`;
  process.kill(server.pid, 'SIGKILL');
  expect((await lost).message).toContain('boom');
  expect(lines.map((line) => line.slice(-6))).toEqual([1, 2, 3, 4, 5].map((n) => `${n} of 5`));
  await server.stop();
});
