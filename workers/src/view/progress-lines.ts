import type { Snapshot, StageSnapshot } from '../run/snapshot.ts';
import { count, duration } from './format.ts';
import { isDone, type ProgressView, StageRates } from './stage-rate.ts';

/** A stage that works on is mentioned again after so long, and ever less often: after a tenth of its time. */
const REMIND_MS = 10_000;

/** Progress where nothing can be drawn: a line when a stage starts, now and then, and when it ends. */
export function progressLines(print: (line: string) => void): ProgressView {
  const rates = new StageRates();
  const told = new Map<string, { at: number; done: boolean; units: number }>();

  const tell = (stage: StageSnapshot, now: number): void => {
    const before = told.get(stage.stage);
    const done = isDone(stage);
    if (before?.done && before.units === stage.units) return;
    const { rowsPerSecond, left, share, seconds } = rates.of(stage, now);
    if (before && !done && now - before.at < Math.max(REMIND_MS, 100 * seconds)) return;
    told.set(stage.stage, { at: now, done, units: stage.units });
    const units = `${count(stage.done)} of ${unitsOf(stage)}`;
    if (done) {
      const rows = stage.rows > 0 ? `, ${count(stage.rows)} rows` : '';
      const took = before ? `, ${duration(seconds)}` : '';
      print(`${stage.stage}: done, ${units}, ${count(stage.reused)} reused${rows}${took}`);
    } else if (!before) print(`${stage.stage}: started, ${unitsOf(stage)}`);
    else {
      const rate = rowsPerSecond ? `, ${count(rowsPerSecond)} rows/s` : '';
      const eta = left === null ? '' : `, ${duration(left)} left`;
      print(`${stage.stage}: ${Math.floor(share * 100)} %, ${units}${rate}${eta}`);
    }
  };
  return {
    update: ({ stages }: Snapshot) => {
      for (const stage of stages) tell(stage, performance.now());
    },
    note: print,
    end: () => {},
  };
}

function unitsOf({ units }: StageSnapshot): string {
  return units === 1 ? '1 unit' : `${count(units)} units`;
}
