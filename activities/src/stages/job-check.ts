import { type Job, jobSchema } from '@quarry/workflows/job';
import { QuarryError } from '../failures.ts';

/**
 * Checks a job whole, again: another team's workflow may have started the run without the command.
 *
 * @throws QuarryError BadJob with every issue: its place, what was given, what was expected
 */
export function checkJob(job: unknown): Job {
  const checked = jobSchema.safeParse(job);
  if (checked.success) return checked.data;
  const issues = checked.error.issues.map(({ path, message }) => {
    const place = path.length > 0 ? path.join('.') : 'job';
    return `  ${place}: ${message}${given(job, path)}`;
  });
  throw new QuarryError('BadJob', ['the job cannot be used:', ...issues].join('\n'));
}

/** What stands at a place, where that is short enough to show. */
function given(job: unknown, path: readonly PropertyKey[]): string {
  let value = job;
  for (const key of path) {
    if (value === null || typeof value !== 'object') return '';
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  const text = value === undefined ? undefined : JSON.stringify(value);
  return text === undefined || text.length > 60 ? '' : ` (given: ${text})`;
}
