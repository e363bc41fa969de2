import type { SetName } from '../training/sets.ts';
import type { Setting } from './settings.ts';

/** A setting and what came of it. */
export interface Measured extends Setting {
  readonly set: SetName;
  readonly rate: number | null;
  /** Mean score of the negatives over that of the hardest true ones: 1 is as hard as the truth allows. */
  readonly attainable: number | null;
  readonly filled: number;
}

/** Markdown: the rate of each setting, and that of skipped ranks at the same hardness. */
export function effectTable(measured: readonly Measured[]): string {
  const header = ['set', 'filter', 'value', 'false, %', 'attainable', 'skip n there, %', 'filled, %'];
  const rows = measured.map((one) => [
    one.set,
    one.filter,
    `${one.value}`,
    percent(one.rate),
    one.attainable?.toFixed(2) ?? '-',
    one.filter === 'rank_window' ? '' : percent(skippedAt(measured, one)),
    percent(one.filled),
  ]);
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** The rate of skipped ranks at the hardness of another setting, between the two nearest; null beyond them. */
function skippedAt(measured: readonly Measured[], { set, attainable }: Measured): number | null {
  if (attainable === null) return null;
  const curve = measured
    .filter((one) => one.set === set && one.filter === 'rank_window')
    .flatMap(({ rate, attainable: hardness }) =>
      rate === null || hardness === null ? [] : [{ rate, hardness }],
    )
    .sort((a, b) => a.hardness - b.hardness);
  const above = curve.findIndex(({ hardness }) => hardness >= attainable);
  const [low, high] = [curve[above - 1], curve[above]];
  if (!high || !low) return high?.hardness === attainable ? high.rate : null;
  const part = (attainable - low.hardness) / (high.hardness - low.hardness);
  return low.rate + part * (high.rate - low.rate);
}

function percent(share: number | null): string {
  return share === null ? '-' : (100 * share).toFixed(1);
}
