import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { endProcess, processIsAlive } from '@quarry/activities/storage/process-alive';
import { ServerError } from './server-error.ts';

const LAUNCHER = fileURLToPath(new URL('../../dist/servers/with-parent.js', import.meta.url));
/** A log that is larger when a server starts is put aside as `.1`. */
const LOG_BYTES = 10_000_000;
/** After this the launcher has killed its child; what is left then is killed from here. */
const STOP_MS = 7_000;

/** A server that runs as a child of this process and ends with it. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the server has ended, with a description of how. */
  readonly exited: Promise<string>;
  /** SIGTERM, after 5 s SIGKILL; resolves when it has ended. */
  stop(): Promise<void>;
  /** The last lines that this start wrote to the log. */
  logTail(): string;
}

/** What to run, and where its output goes. */
export interface ServerCommand {
  readonly binary: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: string;
}

/** Starts a server; it has its own session, so that Ctrl-C in the terminal does not reach it. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  mkdirSync(dirname(command.log), { recursive: true });
  const logged = rotate(command.log);
  const log = openSync(command.log, 'a', 0o600);
  const launcher = spawn(process.execPath, [LAUNCHER, command.binary, ...command.args], {
    cwd: dirname(command.log),
    detached: true,
    env: command.env as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', log],
  }) as ChildProcessByStdio<Writable, Readable, null>;
  closeSync(log);
  launcher.stdin.on('error', () => {});
  const logTail = (): string =>
    readFileSync(command.log).subarray(logged).toString().trim().split('\n').slice(-8).join('\n');
  const ended = new Promise<string>((resolve) => {
    launcher.once('error', (error) => resolve(error.message));
    launcher.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const pid = await Promise.race([firstLine(launcher.stdout).then(Number), ended]);
  if (typeof pid === 'string' || !pid)
    throw new ServerError('start-failed', `${command.binary} does not start (${await ended}): ${logTail()}`);
  const exited = ended.then(async (how) => {
    if (processIsAlive(pid)) await endProcess(pid, 0); // the launcher itself was killed
    return how;
  });
  const stop = async (): Promise<void> => {
    launcher.stdin.end();
    const overdue = setTimeout(() => launcher.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(overdue);
  };
  return { pid, exited, stop, logTail };
}

/** Puts a large log aside; returns how many bytes the log has. */
function rotate(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < LOG_BYTES) return size;
  renameSync(path, `${path}.1`);
  return 0;
}

async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  return '';
}
