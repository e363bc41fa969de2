import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Job } from '@quarry/workflows';
import { CommandError } from '../command-error.ts';
import { applyOverrides, type Override, parseOverride } from './apply-set.ts';
import { checkJob, sameOrInside } from './check-job.ts';
import type { Mistake } from './explain-issue.ts';
import { type JobSource, parseJobSource } from './job-source.ts';
import { missingInputs } from './missing-inputs.ts';
import { resolvePaths, toUri } from './resolve-paths.ts';

/** What the command line changes in a job. */
export interface JobOptions {
  /** `--set path=value`, in order; paths in values are relative to the job file, as if they stood there. */
  readonly set?: readonly string[];
  /** `--output`: relative to `directory`. */
  readonly output?: string | undefined;
  /** Where the command was called. */
  readonly directory: string;
}

/**
 * Reads, changes, checks and resolves a job file (YAML or JSON). Throws a CommandError with exit code 2 that lists every
 * mistake with place, value and advice.
 */
export function readJobFile(path: string, options: JobOptions): Job {
  const file = resolve(options.directory, path);
  const source = parseJobSource(path, readText(path, file));
  const overrides = (options.set ?? []).map(parseOverride);
  if (source.mistakes.length > 0) throw refused(path, source.mistakes);
  const { job: checked, mistakes } = checkJob(applyOverrides(source.value, overrides));
  const output = options.output === undefined ? undefined : toUri(options.output, options.directory);
  const job = checked && resolvePaths(withOutput(checked, output), dirname(file));
  const missing = (job ? missingInputs(job) : []).filter(
    ({ path: place }) => !mistakes.some((mistake) => sameOrInside(place, mistake.path)),
  );
  const all = [...mistakes, ...missing];
  if (job && all.length === 0) return job;
  throw refused(path, inOrder(all, source, overrides));
}

/** Id of the workflow that runs a job: equal jobs have equal ids, so a job that runs already is found. */
export function workflowIdOf(job: Job): string {
  return `${job.name}-${createHash('sha256').update(JSON.stringify(job)).digest('hex').slice(0, 12)}`;
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (error as Error).message;
    throw new CommandError(2, `${path}: ${why}; give the path of a job file (YAML or JSON)`);
  }
}

function withOutput(job: Job, path: string | undefined): Job {
  return path === undefined ? job : { ...job, output: { ...job.output, path } };
}

/** One line per mistake: those of the command line first, then those of the file from top to bottom. */
function inOrder(
  mistakes: readonly Mistake[],
  source: JobSource,
  overrides: readonly Override[],
): readonly string[] {
  const lines = mistakes.map(({ path, atKey, message }) => {
    const override = overrides.some((o) => sameOrInside(path, o.path));
    const place = override ? { offset: -1, text: '--set' } : source.placeOf(path, atKey);
    return { offset: place.offset, text: `${place.text} ${path.join('.') || 'the job'}: ${message}` };
  });
  return lines.sort((a, b) => a.offset - b.offset).map(({ text }) => text);
}

function refused(path: string, lines: readonly string[]): CommandError {
  const count = lines.length === 1 ? 'One thing is' : `${lines.length} things are`;
  return new CommandError(2, [`${count} wrong with ${path}; nothing was started:`, ...lines].join('\n'));
}
