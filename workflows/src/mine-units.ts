import { continueAsNew, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { mapInWindow } from './map-in-window.ts';
import { unitsDoneSignal } from './progress.ts';
import type { RunRef } from './stages.ts';
import { addUnit, EMPTY_TALLY, type Tally } from './tally.ts';
import type { Range } from './terms.ts';
import { runUnit, type Units } from './units.ts';

/** A stretch of the units of one stage, and what those before it (in this chain of runs) added up to. */
export interface MineUnitsInput {
  readonly run: RunRef;
  readonly units: Units;
  readonly range: Range;
  readonly window: number;
  readonly tally?: Tally;
}

/** Units between two continue-as-new: about 6 events each, well below the 4,096 at which Temporal suggests it. */
const UNITS_PER_RUN = 500;

/** Does the units of `range`, 500 at a time, each time in a fresh history; tells its parent about every 500. */
export async function mineUnits({
  run,
  units,
  range,
  window,
  tally = EMPTY_TALLY,
}: MineUnitsInput): Promise<Tally> {
  const end = Math.min(range.end, range.start + UNITS_PER_RUN);
  let sum = tally;
  await mapInWindow(range.start, end, window, async (number) => {
    const result = await runUnit(run, units, number);
    sum = addUnit(sum, result);
  });
  if (end === range.end) return sum;
  const { parent } = workflowInfo();
  if (parent) {
    const { units: done, reused, rows } = sum;
    const since = {
      stage: units.stage,
      done: done - tally.units,
      reused: reused - tally.reused,
      rows: rows - tally.rows,
    };
    await getExternalWorkflowHandle(parent.workflowId).signal(unitsDoneSignal, since);
  }
  return continueAsNew<typeof mineUnits>({
    run,
    units,
    range: { start: end, end: range.end },
    window,
    tally: sum,
  });
}
