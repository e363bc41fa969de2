import type { Progress } from '@quarry/workflows';
import type { WorkflowHandle } from '@temporalio/client';

/** How far one stage is. */
export interface StageSnapshot {
  readonly stage: string;
  readonly units: number;
  readonly done: number;
  readonly reused: number;
  readonly rows: number;
  /** Units in flight, in parts: two units half done are 1. */
  readonly inFlight: number;
}

/** How far a run is. */
export interface Snapshot {
  readonly runId: string | null;
  readonly output: string | null;
  readonly stages: readonly StageSnapshot[];
}

/**
 * Asks a run how far it is: the workflow for whole units, the server for the heartbeats of those in flight. Null while no
 * worker answers. Takes as long as the query may (`timeoutMs`).
 */
export async function takeSnapshot(handle: WorkflowHandle, timeoutMs: number): Promise<Snapshot | null> {
  const deadline = Date.now() + timeoutMs;
  const [progress, inFlight] = await Promise.all([
    withDeadline(handle, deadline, () => handle.query<Progress>('progress')),
    withDeadline(handle, deadline, () => heartbeats(handle)),
  ]);
  if (!progress) return null;
  const stages = progress.stages.map((stage) => ({ ...stage, inFlight: inFlight?.get(stage.stage) ?? 0 }));
  return { runId: progress.runId, output: progress.output, stages };
}

function withDeadline<T>(
  handle: WorkflowHandle,
  deadline: number,
  call: () => Promise<T>,
): Promise<T | null> {
  return handle.client.connection.withDeadline(deadline, call).catch(() => null);
}

/** By stage, the sum of done / total over the activities in flight. */
async function heartbeats(handle: WorkflowHandle): Promise<ReadonlyMap<string, number>> {
  const { raw } = await handle.describe();
  const sums = new Map<string, number>();
  for (const { activityType, heartbeatDetails } of raw.pendingActivities ?? []) {
    const data = heartbeatDetails?.payloads?.[0]?.data;
    const { done = 0, total = 0 } = data ? JSON.parse(new TextDecoder().decode(data)) : {};
    const stage = activityType?.name ?? '';
    if (total > 0) sums.set(stage, (sums.get(stage) ?? 0) + Math.min(1, done / total));
  }
  return sums;
}
