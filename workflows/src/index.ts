export type { Job, JobInput } from './job.ts';
export type {
  Execution,
  MiningResult,
  Planned,
  RunRef,
  StageFigures,
  StageName,
  Stages,
  TableParts,
  UnitResult,
} from './stages.ts';
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
