import { posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * URI of an image by its path below the root, or by its own `file:` or `s3:` URI; null where a path leads out of the
 * root.
 */
export function imageUri(root: string, path: string): string | null {
  if (/^(file|s3):/.test(path)) return path;
  const normal = posix.normalize(path);
  if (posix.isAbsolute(normal) || normal === '..' || normal.startsWith('../')) return null;
  if (!root.startsWith('file:')) return `${root.replace(/\/+$/, '')}/${normal}`;
  return pathToFileURL(posix.join(fileURLToPath(root), normal)).href;
}

/** Where the paths of a job's images begin: `input.imageRoot`, else the directory of the input. */
export function imageRootOf(input: {
  readonly path: string;
  readonly imageRoot?: string | undefined;
  readonly format: string;
}): string {
  const path = input.path.replace(/\/+$/, '');
  const isFile = /\.(jsonl|ndjson|json|csv|tsv|parquet)(\.gz)?$/i.test(path);
  return input.imageRoot ?? (isFile ? path.slice(0, path.lastIndexOf('/')) : path);
}
