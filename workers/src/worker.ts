import { createActivities } from '@quarry/activities';
import type { Device, DeviceName } from '@quarry/activities/embedder/device';
import type { HubAccess } from '@quarry/activities/hub/hub-reference';
import { createPool, type Pool } from '@quarry/activities/pool/pool';
import { openStore } from '@quarry/activities/storage/open-store';
import { type Role, taskQueue } from '@quarry/workflows';
import {
  NativeConnection,
  type NativeConnectionOptions,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { roleSize } from './roles.ts';
import type { TemporalTarget } from './temporal-target.ts';
import { openScratch } from './worker/scratch.ts';
import { workflowSource } from './worker/workflow-bundle.ts';

/** What a worker process is to do, and when to end. */
export interface WorkerProcess {
  readonly roles: readonly Role[];
  readonly target: TemporalTarget;
  /** Which deployment's task queues are served; a local run has its own. */
  readonly queuePrefix: string;
  /** Scratch files lie under `<cache>/scratch`. */
  readonly cache: string;
  /** How models of the Hugging Face hub are reached. */
  readonly hub: HubAccess;
  /** How long units in flight may go on after `signal`; then they are cancelled and start again elsewhere. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
  /** Told what `model.device: auto` means here, where models are run. */
  readonly onDevice?: (device: DeviceName) => void;
  /** Every role polls its queue. */
  readonly onReady: () => void;
}

/** Found out in a thread, because the libraries that it asks block. */
function fastestDevice(pool: Pool): Promise<DeviceName> {
  const { signal } = new AbortController();
  return pool.run<Device, DeviceName>({ kernel: 'probe-device', input: { name: 'auto', id: 0 }, signal });
}

/** Cancellation reaches native work with the answer to a heartbeat: at most so much later. */
const HEARTBEAT_THROTTLE = '2s';
/** After being cancelled, units have so long to end before the process does. */
const FORCE_MS = 8_000;

/** Serves the task queues of some roles until `signal`; then lets units in flight end, and resolves. */
export async function runWorkers(options: WorkerProcess): Promise<void> {
  const { roles, target, graceMs, hub } = options;
  const connection = await NativeConnection.connect(target.connection as NativeConnectionOptions);
  const scratch = openScratch(options.cache);
  const pools: Pool[] = [];
  let devices: Pool | undefined;
  const common = {
    connection,
    namespace: target.namespace,
    shutdownGraceTime: graceMs,
    shutdownForceTime: graceMs + FORCE_MS,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
  };
  const optionsOf = (role: Role): WorkerOptions => {
    const queue = { ...common, taskQueue: taskQueue(role, options.queuePrefix) };
    if (role === 'workflows') return { ...queue, ...workflowSource(), maxCachedWorkflows: 100 };
    const { slots, threads } = roleSize(role);
    const pool = createPool({ threads: slots });
    pools.push(pool);
    if (role === 'gpu') devices = pool;
    const activities = createActivities({
      openStore,
      scratch: scratch.directory,
      models: scratch.models,
      pool,
      threads,
      hub,
    });
    return { ...queue, activities: { ...activities }, maxConcurrentActivityTaskExecutions: slots };
  };
  try {
    const workers = await Promise.all(roles.map((role) => Worker.create(optionsOf(role))));
    if (devices && options.onDevice) options.onDevice(await fastestDevice(devices));
    const runs = workers.map((worker) => worker.run());
    const shutdown = (): void => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    options.signal.addEventListener('abort', shutdown, { once: true });
    if (options.signal.aborted) shutdown();
    else options.onReady();
    // One that fails takes the others along: a supervisor starts the process again, whole.
    for (const run of runs) run.catch(shutdown);
    const outcomes = await Promise.allSettled(runs);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
    await connection.close();
    scratch.remove();
  }
}
