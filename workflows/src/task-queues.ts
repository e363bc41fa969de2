/** One task queue per role: so that GPU machines embed and nothing else, and workflows never wait behind native work. */
export const TASK_QUEUES = {
  /** the workflows themselves: no I/O, little memory */
  workflows: 'quarry-workflows',
  /** embedding */
  gpu: 'quarry-gpu',
  /** indexes, search, owner scores, filters, clusters */
  cpu: 'quarry-cpu',
  /** reading the input, writing the output */
  io: 'quarry-io',
} as const;

export type Role = keyof typeof TASK_QUEUES;

/** Every role, in the order of a deployment's documentation. */
export const ROLES = Object.keys(TASK_QUEUES) as readonly Role[];
