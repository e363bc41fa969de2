import { DEFAULT_QUEUE_PREFIX, type Role } from '@quarry/workflows';
import { CommandError } from '../command-error.ts';
import type { Settings } from '../settings.ts';
import { configuredTemporal, runningLocalTemporal, type TemporalTarget } from '../temporal-target.ts';
import { openParentLink } from '../worker/parent-link.ts';

/** Local units in flight when `mine` ends belong to another command's run: its own workers take them over. */
const LOCAL_GRACE_MS = 500;
/** A local worker that has not ended by then ends itself: native code may hold a thread. */
const LOCAL_END_MS = 3_000;

/** `quarry worker --role workflows,gpu,cpu,io`: serves task queues until SIGTERM, then lets units in flight end. */
export async function worker(
  roles: readonly Role[],
  graceSeconds: number,
  settings: Settings,
): Promise<void> {
  const target = (await configuredTemporal(settings)) ?? (await runningLocalTemporal(settings));
  if (!target)
    throw new CommandError(
      2,
      'No Temporal server is in reach: set TEMPORAL_ADDRESS, or run `quarry up` beside it',
    );
  const { runWorkers, log } = await prepare(roles, settings);
  const drain = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      log.info({ signal, graceSeconds }, 'letting units in flight end');
      drain.abort();
    });
  const onReady = (): void => log.info({ ...place(target), roles }, 'serving');
  const { cache } = settings;
  const hub = { ...settings.hub, notice: (text: string) => log.warn(text) };
  const graceMs = graceSeconds * 1000;
  const queuePrefix = DEFAULT_QUEUE_PREFIX;
  await runWorkers({
    roles,
    target,
    queuePrefix,
    cache,
    hub,
    graceMs,
    signal: drain.signal,
    onDevice: sayDevice(log),
    onReady,
  });
  log.info('ended');
}

/** The same as a child of `quarry mine`: told where the server is, and ended with its parent. */
export async function localWorker(roles: readonly Role[], settings: Settings): Promise<void> {
  const link = openParentLink();
  process.on('SIGINT', () => {});
  link.signal.addEventListener('abort', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), LOCAL_END_MS).unref();
  });
  const [{ runWorkers, log }, { target, queuePrefix }] = await Promise.all([
    prepare(roles, settings),
    link.connect,
  ]);
  const { ready: onReady, signal } = link;
  const { cache } = settings;
  const notice = (text: string): void => {
    log.warn(text);
    link.notice(text);
  };
  await runWorkers({
    roles,
    target,
    queuePrefix,
    cache,
    hub: { ...settings.hub, notice },
    graceMs: LOCAL_GRACE_MS,
    signal,
    onDevice: sayDevice(log),
    onReady,
  });
}

async function prepare(roles: readonly Role[], settings: Settings) {
  const [{ runWorkers }, { installWorkerLog }] = await Promise.all([
    import('../worker.ts'),
    import('../worker/worker-log.ts'),
  ]);
  return { runWorkers, log: installWorkerLog(settings.logLevel, { roles: roles.join(',') }) };
}

function sayDevice(log: { info(facts: object, message: string): void }): (device: string) => void {
  return (device) =>
    log.info(
      { device },
      `models run on cpu unless their job says otherwise; model.device auto means ${device} here`,
    );
}

function place({ connection, namespace }: TemporalTarget): Record<string, unknown> {
  return { address: connection.address, namespace };
}
