import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../command-error.ts';
import type { Settings } from '../settings.ts';
import type { ConnectMessage, NoticeMessage, ReadyMessage } from '../worker/parent-link.ts';
import type { LogFile } from './log-file.ts';

const COMMAND = fileURLToPath(new URL('../../bin/quarry.js', import.meta.url));
/** Workflows and reading share a process; what computes has its own, so that its death takes nothing along. */
const PROCESSES = ['workflows,io', 'gpu,cpu'];
const RESTARTS = 5;
const FIRST_BACKOFF_MS = 500;
/** A process that ran for so long is not counted as failing again and again. */
const STEADY_MS = 10 * 60_000;
/** A worker that is told to end and does not is killed. */
const END_MS = 5_000;

/** The worker processes of one `quarry mine`. They end when this process does, however that happens. */
export interface LocalWorkers {
  /** Tells them (and those that replace them) where the server is. */
  connect(message: ConnectMessage): void;
  /** Resolves when every one polls its queues for the first time. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

export interface LocalWorkersOptions {
  readonly settings: Settings;
  readonly log: LogFile;
  readonly onLine: (line: string) => void;
  /** One is lost and does not come back. */
  readonly onLost: (error: Error) => void;
}

/** Starts the processes at once: they load their modules while the server starts. */
export function startLocalWorkers(options: LocalWorkersOptions): LocalWorkers {
  const processes = PROCESSES.map((roles) => new LocalWorker(roles, options));
  return {
    connect: (message) => {
      for (const process of processes) process.connect(message);
    },
    ready: Promise.all(processes.map(({ ready }) => ready)).then(() => {}),
    stop: async () => {
      await Promise.all(processes.map((process) => process.stop()));
    },
  };
}

class LocalWorker {
  readonly ready: Promise<void>;
  readonly #roles: string;
  readonly #options: LocalWorkersOptions;
  #child: ChildProcess;
  #server: ConnectMessage | undefined;
  #restarts = 0;
  #stopping = false;
  #markReady: () => void = () => {};

  constructor(roles: string, options: LocalWorkersOptions) {
    this.#roles = roles;
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
    this.#child = this.#start();
  }

  connect(message: ConnectMessage): void {
    this.#server = message;
    this.#tell(message);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.connected) child.disconnect();
    const overdue = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(overdue);
  }

  #start(): ChildProcess {
    const { settings, log, onLine } = this.#options;
    const started = Date.now();
    const child = fork(COMMAND, ['worker', '--local', '--role', this.#roles], {
      detached: true,
      env: settings.env as NodeJS.ProcessEnv,
      execArgv: [],
      stdio: ['ignore', log.descriptor, log.descriptor, 'ipc'],
    });
    child.on('message', (message: ReadyMessage | NoticeMessage) => {
      if (message.type === 'ready') this.#markReady();
      else onLine(message.text);
    });
    child.once('error', () => {});
    child.once('exit', (code, signal) => this.#lost(signal ?? `exit code ${code}`, Date.now() - started));
    return child;
  }

  #tell(message: ConnectMessage): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #lost(how: string, ranMs: number): void {
    if (this.#stopping) return;
    const { onLine, onLost, log } = this.#options;
    if (ranMs > STEADY_MS) this.#restarts = 0;
    if (++this.#restarts > RESTARTS) {
      onLost(
        new CommandError(
          1,
          `The local worker for ${this.#roles} was lost ${RESTARTS + 1} times (${how}); see ${log.path}`,
        ),
      );
      return;
    }
    onLine(
      `local worker for ${this.#roles} lost (${how}); starting it again, ${this.#restarts} of ${RESTARTS}`,
    );
    setTimeout(
      () => {
        if (this.#stopping) return;
        this.#child = this.#start();
        if (this.#server) this.#tell(this.#server);
      },
      FIRST_BACKOFF_MS * 2 ** (this.#restarts - 1),
    );
  }
}
