import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, isFree } from '@quarry/workers/servers/free-ports';
import { readServerRecord, recordIsAlive, writeServerRecord } from '@quarry/workers/servers/server-record';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarry-record-'));
});
afterEach(() => rm(folder, { recursive: true }));

function listen(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

test('a record comes back as it was written; a damaged or missing one is none', async () => {
  const path = join(folder, 'deep/temporal.json');
  expect(await readServerRecord(path)).toBeUndefined();
  const record = { pid: 4711, ports: [1, 2], mark: 'm' };
  await writeServerRecord(path, record, { address: '127.0.0.1:1' });
  expect(await readServerRecord(path)).toMatchObject({ ...record, address: '127.0.0.1:1' });
  await writeFile(path, '{"pid": 47');
  expect(await readServerRecord(path)).toBeUndefined();
});

test('a record is alive only while that very server runs', () => {
  const here = { pid: process.pid, ports: [], mark: 'node' };
  expect(recordIsAlive(here)).toBe(true);
  expect(recordIsAlive({ ...here, mark: '/somebody/else/temporal.db' })).toBe(false); // the id was given away
  expect(recordIsAlive({ ...here, pid: 2 ** 22 + 1 })).toBe(false);
});

test('free ports are different, listenable, and the preferred ones where these are free', async () => {
  const ports = await freePorts(3);
  expect(new Set(ports).size).toBe(3);
  for (const port of ports) expect(await isFree(port)).toBe(true);
  expect(await freePorts(3, ports)).toEqual(ports);

  const taken = await listen(ports[0]!);
  const again = await freePorts(3, ports);
  expect(await isFree(ports[0]!)).toBe(false);
  expect(again[0]).not.toBe(ports[0]);
  expect(again.slice(1)).toEqual(ports.slice(1));
  taken.close();
});
