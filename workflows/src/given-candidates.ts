import type { Job } from './job.ts';

/** What becomes of the search where the input brings candidates: left out, or joined. */
export type GivenMode = 'replace' | 'join';

/** How candidates that the input brings are used; null where it brings none. */
export function givenMode({
  candidates,
  candidatesMode,
  columns,
}: Pick<Job['input'], 'candidates' | 'candidatesMode' | 'columns'>): GivenMode | null {
  const own = columns.negative !== undefined || columns.negativeId !== undefined;
  if (candidates === undefined && !own) return null;
  return candidatesMode ?? (candidates === undefined ? 'join' : 'replace');
}
