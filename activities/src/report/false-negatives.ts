import type { RunDocument } from '../stages/run-document.ts';
import type { Report } from './report-schema.ts';

/**
 * What can be said of the share of false negatives among the kept: nothing without positives that were hidden from the
 * miner (`mining.calibrate`) or judgements (`quarry evaluate`), and why.
 */
export function unknownFalseNegatives({ plan }: RunDocument): Report['falseNegatives'] {
  const single = plan.maxPositives <= 1;
  return {
    estimate: null,
    why: single
      ? 'every query has one known positive, so none can be hidden from the miner to see whether it comes back as a negative; judge the examples below and give the verdicts to quarry evaluate RUN --truth FILE'
      : 'no known positives were hidden from the miner; mining.calibrate does so, and quarry evaluate RUN --truth FILE measures the rate against judgements',
  };
}
