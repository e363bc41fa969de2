import { parseDocument } from 'yaml';
import { CommandError } from '../command-error.ts';
import type { Path } from './job-shape.ts';

/** One `--set path=value`. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
}

/** Reads `mining.topK=5`; the value is YAML, so `[triplet]` is a list and `true` is true. */
export function parseOverride(text: string): Override {
  const split = text.indexOf('=');
  const path = text.slice(0, Math.max(0, split)).trim();
  if (!/^[A-Za-z]\w*(\.\w+)*$/.test(path))
    throw new CommandError(2, `--set ${text}: is not of the form path=value, as in --set mining.topK=5`);
  const document = parseDocument(text.slice(split + 1), { prettyErrors: false });
  if (document.errors[0])
    throw new CommandError(2, `--set ${text}: the value is not YAML: ${document.errors[0].message}`);
  const steps = path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return { path: steps, value: document.toJS() };
}

/** The job with overrides put in; mappings on the way are made where there are none. */
export function applyOverrides(job: unknown, overrides: readonly Override[]): unknown {
  const changed: unknown = structuredClone(job) ?? {};
  for (const { path, value } of overrides) {
    let parent = changed;
    for (const [depth, step] of path.entries()) {
      if (typeof parent !== 'object' || parent === null)
        throw new CommandError(
          2,
          `--set ${path.join('.')}: ${path.slice(0, depth).join('.') || 'the job'} is ${JSON.stringify(parent)}, not a mapping`,
        );
      const members = parent as Record<string | number, unknown>;
      if (depth === path.length - 1) members[step] = value;
      else members[step] ??= {};
      parent = members[step];
    }
  }
  return changed;
}
