import { setTimeout as sleep } from 'node:timers/promises';
import { processIsAlive } from '@quarry/activities/storage/process-alive';
import { ensureLocalServer, type LocalServer, type LocalServerKind } from './local-server.ts';
import { ServerError } from './server-error.ts';
import type { OnLine, ServerSettings } from './settings.ts';

const RESTARTS = 5;
const FIRST_BACKOFF_MS = 500;
/** A server that ran for so long is not counted as failing again and again. */
const STEADY_MS = 10 * 60_000;
/** How often another process's server is looked at. */
const POLL_MS = 1_000;

/** A server that is started again when it is lost. */
export interface SupervisedServer {
  /** The server as it runs now; after a restart another one, at the same first port. */
  current(): LocalServer;
  /** Ends supervision, and the server where we started it last. */
  stop(): Promise<void>;
}

/** Who hears about restarts, and about a server that stays lost. */
export interface SuperviseOptions {
  readonly onLine?: OnLine;
  /** Called once, when the server is lost and cannot be started again. */
  readonly onLost: (error: Error) => void;
  /** Wait before the first restart; each further one waits twice as long. Default 500 ms. */
  readonly firstBackoffMs?: number;
}

/**
 * Keeps a server running, whoever started it: lost, it is started again on the same ports with the same
 * data, at most five times, waiting twice as long before each.
 */
export async function superviseLocalServer(
  kind: LocalServerKind,
  settings: ServerSettings,
  options: SuperviseOptions,
): Promise<SupervisedServer> {
  const { onLine = () => {}, firstBackoffMs = FIRST_BACKOFF_MS } = options;
  let server = await ensureLocalServer(kind, settings, { onLine });
  const port = server.ports[0]!;
  const over = new AbortController();

  async function startAgain(): Promise<LocalServer> {
    const found = await ensureLocalServer(kind, settings, { onLine, port });
    if (found.ports[0] === port) return found;
    throw new ServerError('lost', `another process started it at port ${found.ports[0]}, not ${port}`);
  }

  async function watch(): Promise<void> {
    for (let failures = 0; ; ) {
      const since = Date.now();
      let reason = await loss(server, over.signal);
      if (Date.now() - since > STEADY_MS) failures = 0;
      for (let lost = true; lost && !over.signal.aborted; ) {
        if (++failures > RESTARTS)
          throw new ServerError(
            'lost',
            `The local ${kind.name} server is lost (${reason}) after ${RESTARTS} restarts`,
          );
        onLine(`local ${kind.name} server lost (${reason}); starting it again, ${failures} of ${RESTARTS}`);
        await sleep(firstBackoffMs * 2 ** (failures - 1), undefined, { signal: over.signal });
        try {
          server = await startAgain();
          lost = false;
        } catch (error) {
          reason = (error as Error).message;
        }
      }
      if (over.signal.aborted) return;
    }
  }

  const watching = watch().catch((error: Error) => {
    if (!over.signal.aborted) options.onLost(error);
  });
  const stop = async (): Promise<void> => {
    over.abort();
    await watching;
    await server.stop();
  };
  return { current: () => server, stop };
}

/** Resolves when a server has ended, saying how; rejects when `signal` aborts. */
async function loss(server: LocalServer, signal: AbortSignal): Promise<string> {
  const aborted = new AbortController();
  const polled = async (): Promise<string> => {
    while (processIsAlive(server.pid)) await sleep(POLL_MS, undefined, { signal: aborted.signal });
    return 'the command that had started it has ended';
  };
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([server.exited ?? polled(), stopped]);
  } finally {
    aborted.abort();
  }
}
