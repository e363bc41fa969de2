import type { MiningResult } from '@quarry/workflows';
import type { Client, WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import { CommandError } from '../command-error.ts';
import { nearestName } from '../job/nearest-name.ts';
import { WORKFLOW } from './start-run.ts';

/** A run that a server knows. */
export interface KnownRun {
  readonly workflowId: string;
  /** Null until planned. */
  readonly runId: string | null;
  /** `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`, ... */
  readonly status: string;
  readonly started: Date;
  readonly ended: Date | null;
  /** URI of the run's directory; before the plan of the job's output; null where neither is known. */
  readonly output: string | null;
  readonly handle: WorkflowHandle;
}

/** Runs, the latest first. */
export async function* knownRuns(client: Client): AsyncIterable<KnownRun> {
  const query = `WorkflowType = "${WORKFLOW}" AND ParentWorkflowId IS NULL`;
  for await (const info of client.workflow.list({ query })) yield await known(client, info);
}

/** How far back a run id is looked for. */
const LOOKED_AT = 200;

/** The run of a run id or workflow id. Throws a CommandError where the server knows none. */
export async function findRun(client: Client, id: string): Promise<KnownRun> {
  const direct = await client.workflow
    .getHandle(id)
    .describe()
    .catch((error: Error) => {
      if (error.name === 'WorkflowNotFoundError') return null;
      throw error;
    });
  if (direct) return known(client, direct);
  const seen: string[] = [];
  for await (const run of knownRuns(client)) {
    if (run.runId === id) return run;
    seen.push(run.workflowId, ...(run.runId ? [run.runId] : []));
    if (seen.length > 2 * LOOKED_AT) break;
  }
  const meant = nearestName(id, seen);
  const hint = meant
    ? `did you mean ${meant}?`
    : '`quarry list` shows those it knows; a run is also found by its directory';
  throw new CommandError(2, `${id}: the Temporal server in reach knows no such run; ${hint}`);
}

type Info = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'startTime' | 'closeTime' | 'memo' | 'status'
>;

async function known(client: Client, info: Info): Promise<KnownRun> {
  const { workflowId, startTime: started, closeTime, memo, status } = info;
  const handle = client.workflow.getHandle(workflowId, info.runId);
  const result = status.name === 'COMPLETED' ? ((await handle.result()) as MiningResult) : null;
  const remembered = { runId: text(memo?.run), output: text(memo?.output) };
  return {
    workflowId,
    runId: result?.runId ?? remembered.runId,
    status: status.name,
    started,
    ended: closeTime ?? null,
    output: result?.output ?? remembered.output,
    handle,
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
