export type { Job, JobInput } from './job.ts';
export type { mineHardNegatives } from './mine-hard-negatives.ts';
export type { Progress, StageProgress } from './progress.ts';
export type {
  ComparedWith,
  Execution,
  ListScore,
  MiningResult,
  Planned,
  RunRef,
  StageFigures,
  StageName,
  Stages,
  TableParts,
  UnitResult,
} from './stages.ts';
export { DEFAULT_QUEUE_PREFIX, ROLES, type Role, taskQueue } from './task-queues.ts';
export {
  type Funnel,
  NO_CANDIDATE,
  type Range,
  REASONS,
  type Reason,
  type Ref,
  type Side,
  TABLES,
  type Table,
} from './terms.ts';
