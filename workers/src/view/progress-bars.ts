import { clearScreenDown, moveCursor } from 'node:readline';
import type { WriteStream } from 'node:tty';
import type { Snapshot, StageSnapshot } from '../run/snapshot.ts';
import { count, duration } from './format.ts';
import { isDone, type ProgressView, StageRates } from './stage-rate.ts';
import type { Style } from './style.ts';

const BAR = 24;
const REDRAW_MS = 250;

/** Live progress on a terminal: a line per stage with bar, rate and time left. */
export function progressBars(stream: WriteStream, style: Style): ProgressView {
  const rates = new StageRates();
  let last: Snapshot | null = null;
  let drawn = 0;

  const erase = (): void => {
    if (drawn > 0) moveCursor(stream, 0, -drawn);
    clearScreenDown(stream);
    drawn = 0;
  };
  const draw = (): void => {
    erase();
    const lines = (last?.stages ?? []).map((stage) => barLine(stage, rates, style, stream.columns || 80));
    if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    update: (snapshot) => {
      last = snapshot;
    },
    note: (line) => {
      erase();
      stream.write(`${line}\n`);
      draw();
    },
    end: () => {
      clearInterval(timer);
      draw();
      drawn = 0;
    },
  };
}

function barLine(stage: StageSnapshot, rates: StageRates, style: Style, width: number): string {
  const { share, rowsPerSecond, left } = rates.of(stage, performance.now());
  const done = isDone(stage);
  const full = Math.round(share * BAR);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
  const head = `${stage.stage.padEnd(14)}`;
  const figures = [
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${count(stage.done)}/${count(stage.units)}${stage.reused > 0 ? ` (${count(stage.reused)} reused)` : ''}`,
    stage.rows > 0 ? `${count(stage.rows)} rows` : '',
    rowsPerSecond ? `${count(rowsPerSecond)}/s` : '',
    left === null ? '' : `${duration(left)} left`,
  ];
  const tail = figures.filter((figure) => figure !== '').join('  ');
  const room = Math.max(0, width - head.length - BAR - 3);
  return `${head} ${style(done ? 'green' : 'cyan', bar)}  ${tail.slice(0, room)}`;
}
