import { setTimeout as sleep } from 'node:timers/promises';
import { ROLES, type Role, taskQueue } from '@quarry/workflows';
import type { Client } from '@temporalio/client';
import type { TemporalTarget } from '../temporal-target.ts';

/** WORKFLOW and ACTIVITY in Temporal's API. */
const QUEUE_TYPE = { workflow: 1, activity: 2 };
/** A poller is forgotten by the server after five minutes; one that has not been seen for this long is gone. */
const SEEN_MS = 90_000;
/** A worker that starts together with the run is given this long. */
const LOOK_MS = 5_000;

/** The roles whose task queue no worker polls. */
export async function missingWorkers(
  client: Client,
  namespace: string,
  queuePrefix: string,
): Promise<readonly Role[]> {
  const polled = await Promise.all(
    ROLES.map(async (role) => {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue(role, queuePrefix) },
        taskQueueType: role === 'workflows' ? QUEUE_TYPE.workflow : QUEUE_TYPE.activity,
      });
      return (pollers ?? []).some(
        ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < SEEN_MS,
      );
    }),
  );
  return ROLES.filter((_, i) => !polled[i]);
}

/** Says, after a few seconds, that a run waits for workers that are not there; looks again until they are. */
export async function warnOfMissingWorkers(
  client: Client,
  { target, queuePrefix }: { readonly target: TemporalTarget; readonly queuePrefix: string },
  note: (line: string) => void,
): Promise<void> {
  for (let told = ''; ; ) {
    await sleep(LOOK_MS, undefined, { ref: false });
    const missing = await missingWorkers(client, target.namespace, queuePrefix).catch(() => []);
    if (missing.length === 0) {
      if (told) note('Every role has a worker now.');
      return;
    }
    const roles = missing.join(',');
    if (roles !== told)
      note(
        `No worker serves ${missing.map((role) => taskQueue(role, queuePrefix)).join(', ')} at ${target.connection.address}: the run waits. Start one: quarry worker --role ${roles}`,
      );
    told = roles;
  }
}
