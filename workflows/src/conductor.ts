import { executeChild, setCurrentDetails, setHandler, upsertMemo, workflowInfo } from '@temporalio/workflow';
import { addInterval, busySeconds, type Interval } from './busy-time.ts';
import { mapInWindow } from './map-in-window.ts';
import { mineUnits } from './mine-units.ts';
import {
  progressQuery,
  progressTable,
  type StageProgress,
  type UnitsDone,
  unitsDoneSignal,
} from './progress.ts';
import type { Execution, Planned, StageFigures, StageName, UnitResult } from './stages.ts';
import { addTally, addUnit, EMPTY_TALLY, figures, type Tally } from './tally.ts';
import { runUnit, type Units } from './units.ts';

/** Up to here a stage's units run in the workflow itself; beyond, in child workflows with histories of their own. */
const UNITS_WITHOUT_CHILDREN = 200;
const MOST_CHILDREN = 16;

/** Runs the units of stages, counts them, and answers the query `progress`. One per workflow run. */
export class Conductor {
  readonly #startedAt = new Date();
  readonly #window: number;
  readonly #tallies = new Map<StageName, Tally>();
  readonly #progress = new Map<StageName, StageProgress>();
  #run: Planned | null = null;

  constructor(window: number) {
    this.#window = window;
    setHandler(progressQuery, () => this.#state());
    setHandler(unitsDoneSignal, (done: UnitsDone) => this.#advance(done));
    this.#expect('plan', 1);
  }

  /** The plan is a unit as well; what it says names the run. */
  planned(run: Planned): Planned {
    this.#run = run;
    upsertMemo({ run: run.runId, output: run.output });
    this.#count('plan', addUnit(EMPTY_TALLY, run.planned), run.planned);
    return run;
  }

  /** Runs all units of a stage; resolves when the last is done. */
  async each(units: Units): Promise<void> {
    if (units.count === 0) return;
    this.#expect(units.stage, units.count);
    if (units.count <= UNITS_WITHOUT_CHILDREN) await this.#here(units);
    else await this.#inChildren(units);
    setCurrentDetails(progressTable(this.#state()));
  }

  /** Counts one activity that is not memoised. */
  async once<T>(stage: StageName, work: Promise<T>): Promise<T> {
    this.#expect(stage, 1);
    const started = Date.now();
    const value = await work;
    const unit: UnitResult = {
      output: { uri: '', rows: 0, sha256: '' },
      reused: false,
      started,
      ended: Date.now(),
    };
    this.#count(stage, addUnit(EMPTY_TALLY, unit), unit);
    return value;
  }

  get execution(): Execution {
    let busy: Interval[] = [];
    const stages: Record<string, StageFigures> = {};
    for (const [stage, tally] of this.#tallies) {
      busy = tally.busy.reduce(addInterval, busy);
      stages[stage] = figures(tally);
    }
    return { startedAt: this.#startedAt.toISOString(), stages, busySeconds: busySeconds(busy) };
  }

  async #here(units: Units): Promise<void> {
    await mapInWindow(0, units.count, this.#window, async (number) => {
      const result = await runUnit(this.#run!, units, number);
      this.#count(units.stage, addUnit(EMPTY_TALLY, result), result);
    });
  }

  async #inChildren(units: Units): Promise<void> {
    const children = Math.min(MOST_CHILDREN, Math.ceil(units.count / UNITS_WITHOUT_CHILDREN));
    const window = Math.max(1, Math.floor(this.#window / children));
    const { cache, run } = this.#run!;
    const side = 'side' in units ? `/${units.side}` : units.stage === 'write' ? `/${units.table}` : '';
    await mapInWindow(0, children, children, async (child) => {
      const start = Math.floor((units.count * child) / children);
      const end = Math.floor((units.count * (child + 1)) / children);
      const tally = await executeChild(mineUnits, {
        workflowId: `${workflowInfo().workflowId}/${units.stage}${side}/${child}`,
        staticSummary: `${units.stage}${side}: units ${start} to ${end} of ${units.count}`,
        args: [{ run: { cache, run }, units, range: { start, end }, window }],
      });
      this.#tallies.set(units.stage, addTally(this.#tallies.get(units.stage) ?? EMPTY_TALLY, tally));
      const told = Math.floor(Math.max(0, end - start - 1) / 500) * 500;
      this.#advance({ stage: units.stage, done: tally.units - told, reused: 0, rows: 0 });
    });
  }

  #expect(stage: StageName, units: number): void {
    const before = this.#progress.get(stage) ?? { stage, units: 0, done: 0, reused: 0, rows: 0 };
    this.#progress.set(stage, { ...before, units: before.units + units });
  }

  #count(stage: StageName, tally: Tally, unit: UnitResult): void {
    this.#tallies.set(stage, addTally(this.#tallies.get(stage) ?? EMPTY_TALLY, tally));
    this.#advance({ stage, done: 1, reused: unit.reused ? 1 : 0, rows: unit.output.rows });
  }

  #advance({ stage, done, reused, rows }: UnitsDone): void {
    const before = this.#progress.get(stage);
    if (!before) return;
    const after = { done: before.done + done, reused: before.reused + reused, rows: before.rows + rows };
    this.#progress.set(stage, { ...before, ...after });
  }

  #state(): { runId: string | null; output: string | null; stages: StageProgress[] } {
    return {
      runId: this.#run?.runId ?? null,
      output: this.#run?.output ?? null,
      stages: [...this.#progress.values()],
    };
  }
}
