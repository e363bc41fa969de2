import { mean, spread } from '../mean-and-spread.ts';
import type { MethodName } from './methods.ts';
import type { SetName } from './sets.ts';

/** A run that was trained on, and what `quarry evaluate` says of the table that training reads. */
export interface Mined {
  readonly set: SetName;
  readonly method: MethodName;
  /** The run's directory. */
  readonly directory: string;
  readonly figures: {
    readonly table: string;
    readonly rate: number | null;
    readonly ratio: number | null;
    readonly filled: number;
  };
}

/** One training, or the model as it is (`method: null`). */
export interface Trained {
  readonly set: SetName;
  readonly method: MethodName | null;
  readonly seed: number;
  readonly score: number;
}

/** Markdown: a row per set and method with mean, spread (sample standard deviation) and false negatives. */
export function trainingTable(mined: readonly Mined[], trained: readonly Trained[]): string {
  const rows = [...new Set(trained.map(({ set }) => set))].flatMap((set) => {
    const of = (method: MethodName | null): number[] =>
      trained.filter((one) => one.set === set && one.method === method).map(({ score }) => score);
    const methods = mined.filter((run) => run.set === set);
    return [
      [set, 'zero-shot', percent(mean(of(null))), '', '1', ''],
      ...methods.map(({ method, figures }) => {
        const scores = of(method);
        const said = method === 'in-batch' || figures.rate === null ? '' : percent(figures.rate);
        return [
          set,
          method,
          percent(mean(scores)),
          scores.length > 1 ? percent(spread(scores)) : '',
          `${scores.length}`,
          said,
        ];
      }),
    ];
  });
  const header = ['set', 'negatives', 'score, %', 'spread', 'seeds', 'false negatives, %'];
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}
