import { type Job, taskQueue } from '@quarry/workflows';
import type { Client, WorkflowHandle } from '@temporalio/client';

/** A run that goes on, and whether it did so before. */
export interface StartedRun {
  readonly handle: WorkflowHandle;
  /** The same job was running already. */
  readonly attached: boolean;
}

/** Name of the workflow; `@quarry/workflows` exports it for other teams' workflows as well. */
export const WORKFLOW = 'mineHardNegatives';

/** Starts the workflow of a job, or attaches to the one that runs the same job already. */
export async function startRun(
  client: Client,
  workflowId: string,
  job: Job,
  queuePrefix: string,
): Promise<StartedRun> {
  const before = client.workflow.getHandle(workflowId);
  const status = await before.describe().then(
    (description) => description.status.name,
    () => 'NONE',
  );
  const handle = await client.workflow.start(WORKFLOW, {
    workflowId,
    taskQueue: taskQueue('workflows', queuePrefix),
    args: [{ job }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    memo: { job: job.name, output: job.output.path },
    staticSummary: summary(job),
    staticDetails: details(job),
  });
  return { handle, attached: status === 'RUNNING' };
}

function summary(job: Job): string {
  return `${job.name}: ${job.mining.strategy}, ${modelOf(job)}`.slice(0, 200);
}

function details(job: Job): string {
  const rows = [
    ['input', `${job.input.format} ${job.input.path}`],
    ['model', `${job.model.kind} ${modelOf(job)}`],
    ['output', job.output.path],
  ];
  return rows.map(([name, value]) => `- **${name}** ${value}`).join('\n');
}

function modelOf({ model }: Job): string {
  return (model.kind === 'vectors' ? model.documents : model.path).split('/').at(-1)!;
}
