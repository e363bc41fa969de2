import { addInterval, type Interval } from './busy-time.ts';
import type { StageFigures, UnitResult } from './stages.ts';

/** What the units of a stage add up to; small whatever their number, so that it fits continue-as-new. */
export interface Tally extends StageFigures {
  readonly busy: readonly Interval[];
}

export const EMPTY_TALLY: Tally = { units: 0, computed: 0, reused: 0, rows: 0, seconds: 0, busy: [] };

export function addUnit(tally: Tally, unit: UnitResult): Tally {
  return {
    units: tally.units + 1,
    computed: tally.computed + (unit.reused ? 0 : 1),
    reused: tally.reused + (unit.reused ? 1 : 0),
    rows: tally.rows + unit.output.rows,
    seconds: tally.seconds + (unit.ended - unit.started) / 1000,
    busy: addInterval(tally.busy, [unit.started, unit.ended]),
  };
}

export function addTally(one: Tally, other: Tally): Tally {
  return {
    units: one.units + other.units,
    computed: one.computed + other.computed,
    reused: one.reused + other.reused,
    rows: one.rows + other.rows,
    seconds: one.seconds + other.seconds,
    busy: other.busy.reduce(addInterval, [...one.busy]),
  };
}

/** The tally without its intervals, for results and reports. */
export function figures({ busy: _, ...rest }: Tally): StageFigures {
  return rest;
}
