import type { ActivityOptions } from '@temporalio/common';
import { ActivityCancellationType, workflowInfo } from '@temporalio/workflow';
import type { StageName } from './stages.ts';
import { queuePrefix, type Role, taskQueue } from './task-queues.ts';

/** Which workers do a stage. */
const ROLE_OF: Readonly<Record<StageName, Role>> = {
  plan: 'io',
  embed: 'gpu',
  index: 'cpu',
  search: 'cpu',
  scoreGiven: 'cpu',
  merge: 'cpu',
  rescore: 'gpu',
  measureRecall: 'cpu',
  scoreOwners: 'cpu',
  metric: 'cpu',
  pairVectors: 'cpu',
  comparePairs: 'cpu',
  compareDocuments: 'cpu',
  hubness: 'cpu',
  survey: 'cpu',
  calibrate: 'cpu',
  crossEncode: 'gpu',
  judge: 'gpu',
  filter: 'cpu',
  cluster: 'cpu',
  arrange: 'io',
  write: 'io',
  report: 'io',
  commit: 'io',
};

/**
 * A unit is sized for minutes; the limit is for the largest honest one (the plan of a billion rows, the one reducer).
 * A worker that died is noticed within the heartbeat timeout. What cannot succeed is thrown as non-retryable by the
 * activities; anything else is tried eight times over about five minutes, then it is not a passing fault.
 */
export function stageOptions(stage: StageName): ActivityOptions {
  return {
    taskQueue: taskQueue(ROLE_OF[stage], queuePrefix(workflowInfo().taskQueue)),
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: '15 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '1 second',
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
      maximumAttempts: 8,
    },
  };
}
