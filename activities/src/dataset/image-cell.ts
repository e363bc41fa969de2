import { BadRow } from './source-row.ts';

/** What a row says of an image: the path of its file, its bytes, or both. */
export interface ImageCell {
  readonly path: string | null;
  readonly bytes: Uint8Array | null;
}

/**
 * The images of a field: a path, `{bytes, path}` as Hugging Face's data sets have them, or a list of those; null where an
 * entry is missing, null or an empty path.
 *
 * @throws BadRow where it is something else
 */
export function imageCells(
  values: Readonly<Record<string, unknown>>,
  name: string,
): { readonly cells: readonly (ImageCell | null)[]; readonly isList: boolean } {
  const value = Object.hasOwn(values, name) ? values[name] : null;
  if (!Array.isArray(value)) return { cells: [cellOf(value, name)], isList: false };
  if (value.length === 0) throw new BadRow(`field "${name}" is an empty list`);
  return { cells: value.map((entry) => cellOf(entry, name)), isList: true };
}

function cellOf(value: unknown, name: string): ImageCell | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return { path: value, bytes: null };
  if (value instanceof Uint8Array) return { path: null, bytes: value };
  if (typeof value === 'object' && ('bytes' in value || 'path' in value)) {
    const { bytes = null, path = null } = value as { bytes?: unknown; path?: unknown };
    if ((bytes === null || bytes instanceof Uint8Array) && (path === null || typeof path === 'string')) {
      const named = path === '' ? null : path;
      return bytes === null && named === null ? null : { bytes, path: named };
    }
  }
  const found = Array.isArray(value) ? 'a list in a list' : `a ${typeof value}`;
  throw new BadRow(`field "${name}" is ${found}; expected the path of an image, or {bytes, path}`);
}
