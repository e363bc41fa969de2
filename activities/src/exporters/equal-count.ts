import { QuarryError } from '../failures.ts';
import type { ExportOptions } from './export-options.ts';
import type { ExportSource } from './source/export-source.ts';

/**
 * Negatives of every row, for a trainer that wants as many in each: `--negatives`, else the N of the run's n-tuples.
 *
 * @throws QuarryError `BadJob` where neither is known
 */
export function equalCount({ numNegatives, runId }: ExportSource, { negatives }: ExportOptions): number {
  const count = negatives ?? numNegatives;
  if (count !== undefined) return count;
  throw new QuarryError(
    'BadJob',
    `This format wants the same number of negatives in every row, and ${runId} has neither a cache nor a job.json that says how many it mined; add --negatives N`,
  );
}
