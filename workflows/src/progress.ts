import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { StageName } from './stages.ts';

/** How far a run is: what `quarry mine` shows and the query `progress` answers. */
export interface Progress {
  /** Null until planned. */
  readonly runId: string | null;
  readonly output: string | null;
  /** In the order of the pipeline; a stage appears when its units are known. */
  readonly stages: readonly StageProgress[];
}

export interface StageProgress {
  readonly stage: StageName;
  readonly units: number;
  readonly done: number;
  readonly reused: number;
  readonly rows: number;
}

/** Answered by `mineHardNegatives` at any time, also after its end. */
export const progressQuery = defineQuery<Progress>('progress');

/** Sent by `mineUnits` to the run that started it, now and then. */
export const unitsDoneSignal = defineSignal<[UnitsDone]>('unitsDone');

export type UnitsDone = Pick<StageProgress, 'stage' | 'done' | 'reused' | 'rows'>;

/** Markdown for the Temporal UI's current details. */
export function progressTable(progress: Progress): string {
  const rows = progress.stages.map(
    (s) => `| ${s.stage} | ${s.done} / ${s.units} | ${s.reused} | ${s.rows} |`,
  );
  return [
    `**${progress.runId ?? 'planning'}**`,
    '',
    '| stage | units | from cache | rows |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
