import type { Snapshot, StageSnapshot } from '../run/snapshot.ts';

/** What the progress of a stage means for a person. */
export interface StageRate {
  /** 0 to 1. */
  readonly share: number;
  /** Rows put out per second of this run; null before there are any. */
  readonly rowsPerSecond: number | null;
  /** Seconds left; null where nothing can be said yet. */
  readonly left: number | null;
  readonly seconds: number;
}

interface Seen {
  readonly at: number;
  readonly share: number;
  readonly rows: number;
}

/** Rates of stages, from where each stood when it was first seen at work. */
export class StageRates {
  readonly #first = new Map<string, Seen>();
  readonly #last = new Map<string, StageRate>();

  /** @param now ms, of any clock that goes on */
  of(stage: StageSnapshot, now: number): StageRate {
    const last = this.#last.get(stage.stage);
    if (last && isDone(stage)) return last;
    const rate = this.#rateOf(stage, now);
    if (isDone(stage)) this.#last.set(stage.stage, rate);
    else this.#last.delete(stage.stage);
    return rate;
  }

  #rateOf(stage: StageSnapshot, now: number): StageRate {
    const share = Math.min(1, (stage.done + stage.inFlight) / stage.units);
    let first = this.#first.get(stage.stage);
    if (!first) {
      first = { at: now, share, rows: stage.rows };
      this.#first.set(stage.stage, first);
    }
    const seconds = (now - first.at) / 1000;
    const progress = share - first.share;
    const rows = stage.rows - first.rows;
    return {
      share,
      rowsPerSecond: rows > 0 && seconds > 0 ? rows / seconds : null,
      left: progress > 0 && share < 1 && seconds >= 1 ? ((1 - share) / progress) * seconds : null,
      seconds,
    };
  }
}

/** Whether the last unit of a stage is done. */
export function isDone({ done, units }: StageSnapshot): boolean {
  return done >= units;
}

/** Where progress is shown. */
export interface ProgressView {
  update(snapshot: Snapshot): void;
  /** A line for a person between the progress. */
  note(line: string): void;
  /** Leaves what is shown standing. */
  end(): void;
}
