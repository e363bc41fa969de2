import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFileLock } from '@quarry/activities/storage/file-lock';
import { endProcess } from '@quarry/activities/storage/process-alive';
import { ensureServerBinary } from './find-binary.ts';
import { freePorts, isFree } from './free-ports.ts';
import type { ServerName } from './recipe.ts';
import { ServerError } from './server-error.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { readServerRecord, recordIsAlive, type ServerRecord, writeServerRecord } from './server-record.ts';
import type { OnLine, ServerSettings } from './settings.ts';

const READY_MS = 60_000;
const POLL_MS = 50;
/** A server that is there but does not answer is starting or ending; after this it is hung, and killed. */
const HUNG_MS = 10_000;
const START_ATTEMPTS = 3;

/** What is particular to one kind of server. */
export interface LocalServerKind {
  readonly name: ServerName;
  /** How many ports it takes. */
  readonly ports: number;
  /** Path that only this user's server has in its command line. */
  readonly mark: string;
  args(ports: readonly number[]): string[];
  env(): Readonly<Record<string, string | undefined>>;
  /** What else to write into the record. */
  facts(ports: readonly number[]): object;
  /** Whether it serves requests. */
  answers(ports: readonly number[]): Promise<boolean>;
  /** Done after each start, when it serves requests; the server is of use without it. */
  prepare?(ports: readonly number[]): Promise<unknown>;
}

/** A running server of this user. */
export interface LocalServer {
  readonly pid: number;
  readonly ports: readonly number[];
  readonly startedByUs: boolean;
  /** Resolves, saying how, when a server that we started ends; `undefined` for another process's server. */
  readonly exited: Promise<string> | undefined;
  /** Ends a server that we started; leaves another process's server alone. */
  stop(): Promise<void>;
}

/** How to start a server. */
export interface LocalServerOptions {
  readonly onLine?: OnLine;
  /** The first port must be this one: clients hold connections to it. */
  readonly port?: number;
}

/** Uses the server of this kind that runs for this user, or starts it. Safe against a race of processes. */
export async function ensureLocalServer(
  kind: LocalServerKind,
  settings: ServerSettings,
  options: LocalServerOptions = {},
): Promise<LocalServer> {
  await mkdir(settings.home, { recursive: true, mode: 0o700 });
  const running = await findRunning(kind, settings);
  if (running !== undefined) return running;
  const { path: binary } = await ensureServerBinary(kind.name, settings, options.onLine);
  return withFileLock(join(settings.home, `${kind.name}.lock`), async () => {
    const other = (await findRunning(kind, settings)) ?? (await settle(kind, settings));
    return other ?? start(kind, binary, settings, options);
  });
}

/** Where the record of a kind lies. */
export function recordPath(kind: LocalServerKind, settings: ServerSettings): string {
  return join(settings.home, `${kind.name}.json`);
}

async function findRunning(
  kind: LocalServerKind,
  settings: ServerSettings,
): Promise<LocalServer | undefined> {
  const record = await readServerRecord(recordPath(kind, settings));
  if (record === undefined || !recordIsAlive(record) || !(await kind.answers(record.ports))) return undefined;
  return { ...record, startedByUs: false, exited: undefined, stop: async () => {} };
}

/** Waits until a server that is there but does not answer either answers or is gone, so that never two open one database. */
async function settle(kind: LocalServerKind, settings: ServerSettings): Promise<LocalServer | undefined> {
  const record = await readServerRecord(recordPath(kind, settings));
  if (record === undefined) return undefined;
  for (const deadline = Date.now() + HUNG_MS; recordIsAlive(record); await sleep(POLL_MS)) {
    const running = await findRunning(kind, settings);
    if (running !== undefined) return running;
    if (Date.now() > deadline) await endProcess(record.pid, 5_000);
  }
  return undefined;
}

async function start(
  kind: LocalServerKind,
  binary: string,
  settings: ServerSettings,
  options: LocalServerOptions,
): Promise<LocalServer> {
  const last = (await readServerRecord(recordPath(kind, settings)))?.ports ?? [];
  const log = join(settings.home, `${kind.name}.log`);
  for (let attempt = 1; ; attempt++) {
    if (options.port !== undefined && !(await isFree(options.port)))
      throw new ServerError(
        'start-failed',
        `${kind.name}: port ${options.port} of 127.0.0.1 is taken by another program`,
      );
    const wanted = options.port === undefined ? last : [options.port, ...last.slice(1)];
    const ports = await freePorts(kind.ports, attempt === 1 || options.port !== undefined ? wanted : []);
    const child = await startServerProcess({ binary, args: kind.args(ports), env: kind.env(), log });
    const record: ServerRecord = { pid: child.pid, ports, mark: kind.mark };
    await writeServerRecord(recordPath(kind, settings), record, kind.facts(ports));
    const failure = await untilReady(kind, child, ports);
    if (failure === undefined)
      return { ...record, startedByUs: true, exited: child.exited, stop: child.stop };
    await child.stop();
    if (!/in use/i.test(child.logTail()) || attempt === START_ATTEMPTS)
      throw new ServerError(
        'start-failed',
        `${binary} ${failure}. Its log, ${log}, ends with:\n${child.logTail()}`,
      );
  }
}

/** Resolves when the server serves requests; where it does not, with what is wrong. */
async function untilReady(
  kind: LocalServerKind,
  child: ServerProcess,
  ports: readonly number[],
): Promise<string | undefined> {
  let over = false;
  const ended = child.exited.then((how) => {
    over = true;
    return `ended while it started (${how})`;
  });
  const tried = async (): Promise<string | undefined> => {
    for (const deadline = Date.now() + READY_MS; !over && Date.now() < deadline; await sleep(POLL_MS)) {
      if (!(await kind.answers(ports))) continue;
      await kind.prepare?.(ports);
      return undefined;
    }
    return `did not answer within ${READY_MS / 1000} s`;
  };
  return Promise.race([ended, tried()]);
}
