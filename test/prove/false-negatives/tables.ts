import { type Compared, METHODS, type Method } from './compare-methods.ts';
import { rateWithInterval, type Scale } from './sweep.ts';

const LEVELS: Readonly<Record<Scale, readonly number[]>> = {
  ratio: [0.6, 0.7, 0.8, 0.9],
  attainable: [0.7, 0.8, 0.9],
};

/** One figure of the tables. */
export interface Rate {
  readonly set: string;
  readonly method: Method;
  readonly scale: Scale;
  readonly hardness: number;
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Every method at every hardness of both scales. */
export function ratesOf(set: string, { sweeps, ceiling, positives }: Compared): Rate[] {
  return (['ratio', 'attainable'] as const).flatMap((scale) =>
    METHODS.flatMap((method) =>
      LEVELS[scale].map((hardness) => {
        const found = rateWithInterval(sweeps[method], scale, hardness, ceiling, positives);
        return { set, method, scale, hardness, rate: null, low: null, high: null, ...found };
      }),
    ),
  );
}

/** A Markdown table: methods down, sets across, FN % at each hardness with its interval at the middle one. */
export function markdown(rates: readonly Rate[], scale: Scale): string {
  const sets = [...new Set(rates.map(({ set }) => set))];
  const cell = (set: string, method: Method): string =>
    LEVELS[scale]
      .map((hardness) => {
        const found = rates.find(
          (rate) =>
            rate.set === set && rate.method === method && rate.scale === scale && rate.hardness === hardness,
        );
        if (found?.rate === null || found?.rate === undefined) return '-';
        return hardness === 0.8
          ? `${percent(found.rate)} (${percent(found.low!)}..${percent(found.high!)})`
          : percent(found.rate);
      })
      .join(' / ');
  const head = `| method | ${sets.join(' | ')} |\n| --- |${' --- |'.repeat(sets.length)}`;
  const rows = METHODS.map((method) => `| ${method} | ${sets.map((set) => cell(set, method)).join(' | ')} |`);
  return [head, ...rows].join('\n');
}

function percent(share: number): string {
  const value = share * 100;
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}
