import type { Calibration } from '../mining/calibrate/find-threshold.ts';
import type { RunDocument } from '../stages/run-document.ts';
import type { Report } from './report-schema.ts';

/** A threshold that the run found by itself, and the filter it belongs to. */
export type FoundThreshold = Calibration & { readonly filter: string };

/**
 * What can be said of the share of false negatives among the kept: what the calibration saw of known positives that it hid
 * from the miner; without one, or where there is nothing to hide, nothing, and why.
 */
export function falseNegativesOf(
  { plan }: RunDocument,
  calibration: FoundThreshold | null,
): Report['falseNegatives'] {
  const found = calibration?.falseNegatives;
  if (found) {
    const { rate, low, high, sample } = found;
    const why =
      'known positives were hidden from the miner, and it was counted how many came back as negatives; the hidden are no random sample of the unknown ones, so take it as a hint and judge the examples below';
    return { estimate: { rate, low, high, sample }, why };
  }
  const judge = 'judge the examples below and give the verdicts to quarry evaluate RUN --truth FILE';
  return { estimate: null, why: `${whyNotKnown(plan, calibration)}; ${judge}` };
}

function whyNotKnown({ maxPositives }: RunDocument['plan'], calibration: FoundThreshold | null): string {
  if (maxPositives <= 1)
    return 'every query has one known positive, so none can be hidden from the miner to see whether it comes back as a negative';
  if (!calibration)
    return 'no known positives were hidden from the miner; mining.calibrate does so where it finds a threshold, and strategy best where pair has none';
  return 'known positives were hidden from the miner, but no query that has several keeps a negative beside them';
}
