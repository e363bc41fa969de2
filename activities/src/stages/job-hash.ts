import { createHash } from 'node:crypto';
import type { Job } from '@quarry/workflows';

/**
 * sha256 (hex) of what a job asks for. Left out is what may differ between equal runs: where things lie (paths, cache),
 * and everything under `execution`; what stands behind a path enters a run's id by its content.
 */
export function jobHash(job: Job): string {
  const { cache: _cache, execution: _execution, ...asked } = job;
  const content = JSON.stringify(asked, (key, value: unknown) =>
    LOCATIONS.has(key) && typeof value === 'string' ? undefined : sorted(value),
  );
  return createHash('sha256').update(content).digest('hex');
}

/** Keys whose strings say where something lies. */
const LOCATIONS = new Set(['path', 'imageRoot', 'queries', 'documents', 'candidates', 'previousRun']);

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
