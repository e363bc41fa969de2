import { z } from 'zod';
import { execution } from './job/execution.ts';
import { uri } from './job/fields.ts';
import { input } from './job/input.ts';
import { mining } from './job/mining.ts';
import { model } from './job/model.ts';
import { output } from './job/output.ts';
import { search } from './job/search.ts';

/**
 * The job: the specification of a run. Strict, so that a misspelled key is refused; every default stands in `job/`.
 * Paths are relative to the job file; {@link Job} holds them resolved to URIs (`file:`, `s3:`).
 */

/** Candidates per query, so that a place among them fits the stages' arrays. */
const MOST_CANDIDATES = 30_000;

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
  const deepest = m.strategy === 'saha' ? 2 * m.topK * m.poolMultiplier : (m.rangeMax ?? 0);
  if (deepest > MOST_CANDIDATES) {
    const path = m.strategy === 'saha' ? 'poolMultiplier' : 'rangeMax';
    refuse(
      ['mining', path],
      `asks for ${deepest} candidates per query; at most ${MOST_CANDIDATES} are possible; lower it`,
    );
  }
  if (m.strategy === 'saha') {
    for (const field of ['relativeMargin', 'absoluteMargin', 'maxScore', 'minScore', 'rangeMax'] as const) {
      if (m[field] !== undefined) {
        refuse(
          ['mining', field],
          `${m[field]} has no effect with strategy saha; use strategy: margin or remove it`,
        );
      }
    }
    if (m.rangeMin !== 0)
      refuse(
        ['mining', 'rangeMin'],
        `${m.rangeMin} has no effect with strategy saha; use strategy: margin or remove it`,
      );
    if (m.sampling !== 'top')
      refuse(
        ['mining', 'sampling'],
        `${m.sampling} has no effect with strategy saha; use strategy: margin or remove it`,
      );
  } else {
    if (m.unowned === 'keep')
      refuse(['mining', 'unowned'], 'margin looks at no owners; use strategy: saha or remove it');
    if (m.classification !== undefined)
      refuse(
        ['mining', 'classification'],
        'margin has no classification case; use strategy: saha or remove it',
      );
    if (job.output.tables?.includes('clusters')) {
      refuse(
        ['output', 'tables'],
        'margin makes no clusters; use strategy: saha or remove clusters from the tables',
      );
    }
  }
  if (m.rangeMax !== undefined && m.rangeMax <= m.rangeMin) {
    refuse(
      ['mining', 'rangeMax'],
      `${m.rangeMax} is not above rangeMin ${m.rangeMin}, so no rank is left; raise it`,
    );
  }
  if (m.minScore !== undefined && m.maxScore !== undefined && m.minScore > m.maxScore) {
    refuse(
      ['mining', 'minScore'],
      `${m.minScore} is above maxScore ${m.maxScore}, so no score is left; lower it`,
    );
  }
  if (i.corpus && i.format !== 'pairs') {
    refuse(
      ['input', 'corpus'],
      `format ${i.format} brings its own documents; use format: pairs or remove it`,
    );
  }
});

/** A checked job with every default filled in. */
export type Job = z.output<typeof jobSchema>;
/** A job as a person writes it. */
export type JobInput = z.input<typeof jobSchema>;
