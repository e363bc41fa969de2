import type { FoundThreshold } from './false-negatives.ts';

/** One line where a threshold that a run found by itself is one that nobody would have chosen, with what to do. */
export function calibrationAlarm(found: FoundThreshold | null): string[] {
  const odd = found && oddity(found);
  return odd ? [`The calibration of ${found.filter} found ${odd}.`] : [];
}

const LOOSE =
  'a threshold at the loose end of its range, which drops nothing: retrieve more candidates, ask for a lower falseNegativeRate, or leave mining.calibrate out';
const STRICT =
  'a threshold at the strict end of its range: retrieve more candidates, ask for more of them (keepAtLeast) or a higher falseNegativeRate';

/** The ends are those of `threshold-survey.ts`: no number is looser or stricter. */
function oddity({ filter, above }: FoundThreshold): string | null {
  if (above >= Number.MAX_VALUE) return LOOSE;
  if (above <= -Number.MAX_VALUE) return STRICT;
  switch (filter) {
    case 'relative_margin':
    case 'absolute_margin':
      return oddMargin(Number((-above).toFixed(3)));
    case 'pair':
    case 'owner_similar':
      return above >= 1 ? LOOSE : null;
    default:
      return null;
  }
}

function oddMargin(margin: number): string | null {
  if (margin < 0)
    return `a margin of ${margin}, so candidates that score above their query's positive are kept: ask for fewer (keepAtLeast), retrieve more candidates, or take strategy: best`;
  if (margin > 1)
    return `a margin of ${margin}, so hardly a candidate that resembles its query is left: ask for more of them (keepAtLeast), or a higher falseNegativeRate`;
  return null;
}
