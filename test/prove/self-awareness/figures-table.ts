import { mean, spread } from '../mean-and-spread.ts';

/** Of one subset, or of the held-out words. */
interface Figure {
  readonly 'meta-task': string;
  readonly queries: number;
  readonly 'hit@1': number;
  readonly 'recall@10': number;
}
export type Figures = Readonly<Record<string, Figure>>;

export interface Learnt {
  readonly method: string;
  readonly seed: number;
  readonly figures: Figures;
}

/** hit@1 by meta-task, the mean over its subsets; mean and spread over seeds, in percent. */
export function figuresTable(learnt: readonly Learnt[]): string {
  const tasks = [...new Set(Object.values(learnt[0]!.figures).map((figure) => figure['meta-task']))];
  const methods = [...new Set(learnt.map(({ method }) => method))];
  const lines = methods.map((method) => {
    const own = learnt.filter((one) => one.method === method);
    const cells = tasks.map((task) => overSeeds(own.map(({ figures }) => ofTask(figures, task))));
    const subsets = tasks.filter((task) => task !== 'held-out words');
    const all = overSeeds(own.map(({ figures }) => mean(subsets.map((task) => ofTask(figures, task)))));
    return `| ${method} | ${[...cells, all].join(' | ')} | ${own.length} |`;
  });
  return [
    'hit@1, %; mean ± standard deviation over seeds; a meta-task is the mean of its subsets, `all` the mean of the four',
    '',
    `| | ${[...tasks, 'all'].join(' | ')} | seeds |`,
    `|---|${'---|'.repeat(tasks.length + 2)}`,
    ...lines,
    '',
  ].join('\n');
}

function ofTask(figures: Figures, task: string): number {
  const own = Object.values(figures).filter((figure) => figure['meta-task'] === task);
  return mean(own.map((figure) => figure['hit@1']));
}

function overSeeds(values: readonly number[]): string {
  const percent = (share: number): string => (share * 100).toFixed(1);
  return values.length < 2 ? percent(mean(values)) : `${percent(mean(values))} ± ${percent(spread(values))}`;
}
