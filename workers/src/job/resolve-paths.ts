import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Job } from '@quarry/workflows';

/** `s3:`, `bundled:`, `hf:`, `file:`; one letter is a drive. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;

/** The URI that a path or URI of a person means; paths are relative to `directory`. No trailing slash. */
export function toUri(path: string, directory: string): string {
  if (SCHEME.test(path) && !path.startsWith('file:')) return path.replace(/\/+$/, '');
  const expanded = path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path;
  const local = path.startsWith('file:') ? fileURLToPath(path) : resolve(directory, expanded);
  return pathToFileURL(local).href.replace(/\/+$/, '');
}

/** The job with every path as a URI; relative ones begin at `directory`. */
export function resolvePaths(job: Job, directory: string): Job {
  const uri = (path: string): string => toUri(path, directory);
  const { input, model, mining, output, cache } = job;
  return {
    ...job,
    input: {
      ...input,
      path: uri(input.path),
      ...(input.imageRoot !== undefined && { imageRoot: uri(input.imageRoot) }),
      ...(input.corpus && { corpus: { ...input.corpus, path: uri(input.corpus.path) } }),
      ...(input.candidates !== undefined && { candidates: uri(input.candidates) }),
    },
    model:
      model.kind === 'vectors'
        ? { ...model, queries: uri(model.queries), documents: uri(model.documents) }
        : { ...model, path: uri(model.path) },
    mining: {
      ...mining,
      ...(mining.filters && {
        filters: mining.filters.map((rule) =>
          rule.name === 'cross_encoder' ? { ...rule, path: uri(rule.path) } : rule,
        ),
      }),
      ...(mining.previousRun !== undefined && { previousRun: uri(mining.previousRun) }),
      ...(mining.rescore && { rescore: { ...mining.rescore, path: uri(mining.rescore.path) } }),
      ...(mining.judge?.path !== undefined && { judge: { ...mining.judge, path: uri(mining.judge.path) } }),
    },
    output: { ...output, path: uri(output.path) },
    ...(cache !== undefined && { cache: uri(cache) }),
  };
}
