import type { Job } from './job.ts';

/** What becomes of the search where the input brings candidates: left out, or joined. */
export type GivenMode = 'replace' | 'join';

/**
 * How candidates that the input brings are used; null where it brings none. Those of an earlier round join.
 *
 * @param keepsPrevious the job keeps negatives of an earlier round
 */
export function givenMode(
  { candidates, candidatesMode, columns }: Pick<Job['input'], 'candidates' | 'candidatesMode' | 'columns'>,
  keepsPrevious: boolean,
): GivenMode | null {
  const own = columns.negative !== undefined || columns.negativeId !== undefined;
  if (candidates === undefined && !own) return keepsPrevious ? 'join' : null;
  return candidatesMode ?? (candidates === undefined ? 'join' : 'replace');
}
