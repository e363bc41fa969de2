import { DEFAULT_QUEUE_PREFIX } from '@quarry/workflows';
import type { Settings } from '../settings.ts';
import { configuredTemporal, localTarget, type TemporalTarget } from '../temporal-target.ts';
import { startLocalWorkers } from './local-workers.ts';
import { openLogFile } from './log-file.ts';

/** A server and workers for one run. */
export interface Session {
  readonly target: TemporalTarget;
  readonly queuePrefix: string;
  /** The workers' log; null where they are not ours. */
  readonly log: string | null;
  /** Started here, for this command. */
  readonly local: boolean;
  /** Seconds from the start of the command until a server answered. */
  readonly serverStart: number;
  /** The same until the workers polled; resolves with 0 where they are not ours. */
  readonly workersReady: Promise<number>;
  /** Rejects when the server or a worker is lost for good; never resolves. */
  readonly lost: Promise<never>;
  stop(): Promise<void>;
}

/**
 * The server that is configured, with the workers that are there; else this user's local server (started if need be) and
 * workers of our own. Local queues are named after the workflow: two runs on one server do not share workers, and a
 * killed command started again finds the queues of its run.
 */
export async function openSession(
  workflowId: string,
  settings: Settings,
  onLine: (line: string) => void,
): Promise<Session> {
  const configured = await configuredTemporal(settings);
  if (configured)
    return {
      target: configured,
      queuePrefix: DEFAULT_QUEUE_PREFIX,
      log: null,
      local: false,
      serverStart: secondsSinceStart(),
      workersReady: Promise.resolve(0),
      lost: new Promise(() => {}),
      stop: async () => {},
    };
  return localSession(workflowId, settings, onLine);
}

async function localSession(
  workflowId: string,
  settings: Settings,
  onLine: (line: string) => void,
): Promise<Session> {
  let onLost: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    onLost = reject;
  });
  lost.catch(() => {});
  const log = openLogFile(settings.home, workflowId);
  const workers = startLocalWorkers({ settings, log, onLine, onLost });
  try {
    const { superviseLocalTemporal } = await import('../servers/local-temporal.ts');
    const server = await superviseLocalTemporal(settings, { onLine, onLost });
    const serverStart = secondsSinceStart();
    const target = localTarget(server.address, server.uiAddress);
    workers.connect({ target, queuePrefix: workflowId });
    const stop = async (): Promise<void> => {
      await workers.stop();
      await server.stop();
    };
    const workersReady = workers.ready.then(secondsSinceStart);
    return {
      target,
      queuePrefix: workflowId,
      log: log.path,
      local: true,
      serverStart,
      workersReady,
      lost,
      stop,
    };
  } catch (error) {
    await workers.stop();
    throw error;
  }
}

/** Seconds since this process began, loading of modules included. */
export function secondsSinceStart(): number {
  return performance.now() / 1000;
}
