import type { Calibrate, Calibrated } from './job/calibrate.ts';
import type { FilterRule } from './job/filters.ts';

/** The filter whose threshold `mining.calibrate` finds: the one it names, else an open `pair`, else a relative margin. */
export function calibratedFilter({
  calibrate,
  filters = [],
  strategy,
}: {
  readonly calibrate?: Calibrate | undefined;
  readonly filters?: readonly FilterRule[] | undefined;
  readonly strategy: string;
}): Calibrated | undefined {
  if (!calibrate) return undefined;
  const pair = filters.find((rule) => rule.name === 'pair');
  const open = pair ? pair.above === undefined : strategy === 'best';
  return calibrate.filter ?? (open ? 'pair' : 'relative_margin');
}
