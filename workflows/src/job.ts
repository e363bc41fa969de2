import { z } from 'zod';
import { execution } from './job/execution.ts';
import { uri } from './job/fields.ts';
import { input } from './job/input.ts';
import { inputRefusals } from './job/input-rules.ts';
import { mining } from './job/mining.ts';
import { miningRefusals } from './job/mining-rules.ts';
import { model } from './job/model.ts';
import { output } from './job/output.ts';
import { search } from './job/search.ts';
import { judgePath } from './judges.ts';

/**
 * The job: the specification of a run. Strict, so that a misspelled key is refused; every default stands in `job/`.
 * Paths are relative to the job file; {@link Job} holds them resolved to URIs (`file:`, `s3:`).
 */

const shape = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'use 1 to 64 of a-z, 0-9, ".", "_" and "-"'),
  input,
  model,
  search: search.prefault({}),
  mining: mining.prefault({}),
  output: output.prefault({}),
  /** URI of the memoised stages; default `<output>/cache`. */
  cache: uri.optional(),
  execution: execution.prefault({}),
  seed: z.int().min(0).default(42),
});

/** The schema of a job file, cross-field rules with advice included. */
export const jobSchema = shape.superRefine((job, context) => {
  const refuse = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  const { mining: m, input: i } = job;
  miningRefusals(m, (path, message) => refuse(['mining', ...path], message));
  if (m.strategy === 'margin' && job.output.tables?.includes('clusters')) {
    refuse(
      ['output', 'tables'],
      'margin makes no clusters; use strategy: saha or remove clusters from the tables',
    );
  }
  inputRefusals(i, (path, message) => refuse(['input', ...path], message));
  const judged = m.judge !== undefined || m.filters?.some(({ name }) => name === 'judge');
  if (judged && judgePath(job) === null) {
    refuse(
      ['mining', 'judge', 'path'],
      `a ${job.model.kind} cannot judge; name a generator with its logits in mining.judge.path`,
    );
  }
});

/** A checked job with every default filled in. */
export type Job = z.output<typeof jobSchema>;
/** A job as a person writes it. */
export type JobInput = z.input<typeof jobSchema>;
