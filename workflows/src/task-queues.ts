/** Roles of worker processes, one task queue each: GPU machines embed and nothing else, workflows never wait behind native work. */
export const ROLES = [
  /** the workflows themselves: no I/O, little memory */
  'workflows',
  /** embedding */
  'gpu',
  /** indexes, search, owner scores, filters, clusters */
  'cpu',
  /** reading the input, writing the output */
  'io',
] as const;
export type Role = (typeof ROLES)[number];

/** Prefix of a deployment's task queues. A local run has its own, so that two on one server do not share workers. */
export const DEFAULT_QUEUE_PREFIX = 'quarry';

/** Name of the task queue that a role polls, e.g. `quarry-gpu`. */
export function taskQueue(role: Role, prefix: string = DEFAULT_QUEUE_PREFIX): string {
  return `${prefix}-${role}`;
}

/** The prefix of the queue on which a workflow runs: its activities go to the same deployment's workers. */
export function queuePrefix(workflowQueue: string): string {
  return workflowQueue.endsWith('-workflows')
    ? workflowQueue.slice(0, -'-workflows'.length)
    : DEFAULT_QUEUE_PREFIX;
}
