import { setTimeout as sleep } from 'node:timers/promises';
import { queuePrefix } from '@quarry/workflows/task-queues';
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { ExitCode } from '../command-error.ts';
import { findRun } from '../run/known-runs.ts';
import { missingWorkers } from '../run/missing-workers.ts';
import { withServer } from '../run/reach-server.ts';
import { temporalAnswers } from '../servers/temporal-health.ts';
import type { Settings } from '../settings.ts';

/** Native work ends within 10 seconds; then the workflow does. */
const WAIT_MS = 30_000;
const LOOK_MS = 250;

/** A local server ends with the `quarry mine` that started it, and that ends when its run is cancelled. */
const SERVER_GONE = 'cancelled, and its command has ended with the server';
const LOOK_DEADLINE_MS = 2_000;

/** `quarry cancel <run>`: cancels, waits until the run has ended, and ends a run that nobody works on itself. */
export async function cancel(id: string, settings: Settings): Promise<ExitCode> {
  return withServer(settings, async ({ client, target, startedForThis }) => {
    const { handle, status, workflowId } = await findRun(client, id);
    if (status !== 'RUNNING') {
      console.log(`${workflowId} has ended already: ${status.toLowerCase()}`);
      return 0;
    }
    const queue = (await handle.describe()).taskQueue;
    const missing = startedForThis
      ? ['workflows']
      : await missingWorkers(client, target.namespace, queuePrefix(queue));
    if (missing.includes('workflows')) {
      await handle.terminate('quarry cancel; no worker was there to cancel it');
      console.log(`${workflowId} is ended; no worker served it. What was done is kept.`);
      return 0;
    }
    await handle.cancel();
    console.log(`${workflowId} is being cancelled ...`);
    for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
      const now = await client
        .withDeadline(Date.now() + LOOK_DEADLINE_MS, () => handle.describe())
        .then(
          ({ status: { name } }) => name,
          async (error) => {
            if (!isGrpcServiceError(error instanceof ServiceError ? error.cause : error)) throw error;
            return (await temporalAnswers(target.connection.address!)) ? 'RUNNING' : SERVER_GONE;
          },
        );
      if (now === 'RUNNING') continue;
      console.log(`${workflowId}: ${now.toLowerCase()}. What was done is kept.`);
      return 0;
    }
    console.error(
      `${workflowId} still ends, after ${WAIT_MS / 1000} s; quarry status ${workflowId} says when it has.`,
    );
    return 1;
  });
}
