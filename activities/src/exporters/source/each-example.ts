import type { ExportTarget } from '../target/export-target.ts';
import type { Example } from './example.ts';
import type { ExportSource } from './export-source.ts';

/**
 * Visits every query that has a row in the export, and counts those that have none and why.
 *
 * @param negatives exactly so many of every query, the first ones; undefined: all that it keeps
 */
export async function eachExample(
  source: ExportSource,
  target: ExportTarget,
  negatives: number | undefined,
  visit: (example: Example) => void,
  group?: string,
): Promise<void> {
  let fewer = 0;
  let taken = 0;
  const take = (example: Example): void => {
    taken++;
    visit(example);
  };
  const { without } = await source.examples((example) => {
    if (negatives === undefined || example.negatives.length === negatives) take(example);
    else if (example.negatives.length > negatives)
      take({ ...example, negatives: example.negatives.slice(0, negatives) });
    else fewer++;
  }, group);
  target.took(taken);
  target.leaveOut(without ?? 0, 'queries that keep no negative');
  target.leaveOut(fewer, `queries that keep negatives, but fewer than ${negatives}`);
}
