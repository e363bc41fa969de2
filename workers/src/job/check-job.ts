import type { Job } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';
import { explainIssue, type Mistake, valueAt } from './explain-issue.ts';
import type { Path } from './job-shape.ts';

/** What the rules between fields depend on: while one of these is wrong, they would accuse the innocent. */
const DECIDING = ['mining.strategy', 'input.format'];

/** A checked job, or everything that is wrong with it. */
export type Checked =
  | { readonly job: Job; readonly mistakes: readonly [] }
  /** `job`: with what is wrong replaced by something harmless, where that is possible. */
  | { readonly job: Job | null; readonly mistakes: readonly Mistake[] };

/**
 * Checks a job whole. zod looks at the rules between fields only where every single field is right; so what is wrong is
 * replaced by something harmless and the rest is checked again, until nothing new turns up.
 */
export function checkJob(value: unknown): Checked {
  const first = jobSchema.safeParse(value);
  if (first.success) return { job: first.data, mistakes: [] };
  const mistakes = first.error.issues.flatMap((issue) => explainIssue(issue, value));
  if (!isMapping(value) || mistakes.some(({ path }) => DECIDING.includes(path.join('.'))))
    return { job: null, mistakes };
  const repaired = structuredClone(value) as Record<string, unknown>;
  for (const { path } of mistakes) repair(repaired, path);
  let again = jobSchema.safeParse(repaired);
  for (const issue of again.error?.issues ?? []) {
    if (issue.code !== 'custom' || mistakes.some(({ path }) => sameOrInside(issue.path, path))) continue;
    mistakes.push(...explainIssue(issue, value));
    repair(repaired, issue.path as Path);
  }
  again = jobSchema.safeParse(repaired);
  return { job: again.data ?? null, mistakes };
}

/** Whether a place is `outer`, or lies in it. */
export function sameOrInside(path: readonly PropertyKey[], outer: Path): boolean {
  return outer.every((step, i) => path[i] === step);
}

/** Valid values for the fields that a job must have. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  name: 'x',
  input: { format: 'pairs', path: 'x' },
  'input.path': 'x',
  'input.corpus.path': 'x',
  model: { kind: 'generator' },
  'model.kind': 'generator',
  'model.path': 'x',
  'model.queries': 'x',
  'model.documents': 'x',
};

function repair(job: Record<string, unknown>, path: Path): void {
  const parent = valueAt(job, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || typeof parent !== 'object' || parent === null) return;
  if (path.join('.') === 'model.kind') job.model = { kind: 'generator' };
  else if (typeof last === 'number') repair(job, path.slice(0, -1));
  else if (path.join('.') in STAND_INS) (parent as Record<string, unknown>)[last] = STAND_INS[path.join('.')];
  else delete (parent as Record<string, unknown>)[last];
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
