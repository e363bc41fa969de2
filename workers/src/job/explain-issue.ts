import type { z } from 'zod';
import { FIELD_ADVICE } from './field-advice.ts';
import { namesAt, type Path, type Shape, shapesAt } from './job-shape.ts';
import { nearestName } from './nearest-name.ts';

type Issue = z.core.$ZodIssue;

/** One thing that is wrong with a job. */
export interface Mistake {
  readonly path: Path;
  /** The place is that of the key, not of the value. */
  readonly atKey: boolean;
  /** What was given and what to do. */
  readonly message: string;
}

/** Says in the project's words what zod found; an unknown key is a mistake of its own. */
export function explainIssue(issue: Issue, job: unknown): readonly Mistake[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, job));
  const given = valueAt(job, path);
  if (issue.code === 'custom') return [{ path, atKey: false, message: issue.message }];
  if (given === null)
    return [{ path, atKey: true, message: `is empty; give it a value or remove it${advice(path)}` }];
  const missing = given === undefined;
  const what = missing ? `is missing${choices(path)}` : `${shown(given)} ${wrong(issue, path)}`;
  return [{ path, atKey: false, message: `${what}${advice(path)}` }];
}

/** The value at a place of a job, undefined where there is none. */
export function valueAt(job: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined,
    job,
  );
}

function unknownKey(path: Path, key: string, job: unknown): Mistake {
  const parent = valueAt(job, path);
  const kind = valueAt(parent, ['kind']);
  const names = namesAt(path, kind);
  const meant = nearestName(key, names);
  const elsewhere = meant ? undefined : otherKind(path, key);
  const hint = meant
    ? `did you mean ${meant}?`
    : elsewhere
      ? `it belongs to kind: ${elsewhere}`
      : `known here: ${names.join(', ')}`;
  return { path: [...path, key], atKey: true, message: `is not a field of a job; ${hint}` };
}

/** The kind (of model) that knows this key. */
function otherKind(path: Path, key: string): string | undefined {
  const shape = shapesAt(path).find(({ properties }) => properties?.kind && properties[key]);
  return shape?.properties?.kind?.const as string | undefined;
}

function wrong(issue: Issue, path: Path): string {
  if (issue.code === 'invalid_format') return `is not allowed: ${issue.message}`;
  const shapes = shapesAt(path);
  const values = allowed(shapes);
  if (values.length > 0 && shapes.every(({ type }) => type === 'string'))
    return `is not one of ${values.join(', ')}`;
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    if (issue.origin === 'array') return 'is empty';
    if (issue.origin === 'string') return 'is empty';
  }
  return `is not ${[...new Set(shapes.map(kindOf))].join(' or ')}`;
}

/** What a shape asks for, in words: `between 0 and 1`, `a whole number from 1 to 1000`. */
function kindOf(shape: Shape): string {
  const { type, minimum, maximum } = shape;
  if (shape.const !== undefined) return String(shape.const);
  if (shape.enum) return `one of ${shape.enum.join(', ')}`;
  if (type === 'number' && minimum !== undefined && maximum !== undefined)
    return `between ${minimum} and ${maximum}`;
  if (type === 'number') return minimum === undefined ? 'a number' : `a number of at least ${minimum}`;
  if (type === 'integer') {
    const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
    return bounded
      ? `a whole number from ${minimum} to ${maximum}`
      : `a whole number of at least ${minimum ?? 0}`;
  }
  if (type === 'boolean') return 'true or false';
  if (type === 'string') return 'a text';
  if (type === 'array') return 'a list';
  return 'a mapping (lines of `key: value`)';
}

function choices(path: Path): string {
  const values = allowed(shapesAt(path));
  return values.length > 0 ? ` (one of ${values.join(', ')})` : '';
}

function allowed(shapes: readonly Shape[]): readonly string[] {
  return shapes
    .flatMap((shape) => shape.enum ?? (shape.const === undefined ? [] : [shape.const]))
    .map(String);
}

function advice(path: Path): string {
  const field = path.filter((step) => typeof step === 'string').join('.');
  const text = FIELD_ADVICE[field];
  return text ? `; ${text}` : '';
}

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
