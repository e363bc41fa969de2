import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QuarryError } from '../failures.ts';
import { type WantedModel, wantedFiles } from '../hub/needed-files.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import { sharedDirectory } from '../storage/shared-directory.ts';
import type { Store } from '../storage/store.ts';
import { forgetFiles } from './directory-manifest.ts';

/** Where a model's files lie on this machine, and the errors of not finding them. */

const BUNDLED = new URL('../../models/', import.meta.url);

/** Where models are kept that the processes of this machine fetch or prepare once. */
export function modelsDirectory({ models, scratch }: Pick<Dependencies, 'models' | 'scratch'>): string {
  return models ?? join(scratch, 'models');
}

/**
 * The local directory of a model: `file:` URI or plain path, `bundled:<name>` (shipped with this package), or `s3:`
 * (copied once per machine and version of the objects, keeping the layout).
 *
 * @param wanted of an s3 model only what it is run from is fetched, see `wantedFiles`
 * @throws QuarryError BadModel where there is no such directory, or an s3 one has no graph that fits
 */
export async function localModelDirectory(
  context: Pick<Dependencies, 'openStore' | 'scratch' | 'models'>,
  path: string,
  wanted: WantedModel,
): Promise<string> {
  if (path.startsWith('s3:')) return copyFromStore(context, path, wanted);
  const directory = path.startsWith('bundled:')
    ? fileURLToPath(new URL(path.slice('bundled:'.length), BUNDLED))
    : path.startsWith('file:')
      ? fileURLToPath(path)
      : path;
  const found = await stat(directory).catch(() => null);
  if (!found?.isDirectory()) {
    const what = found ? 'is not a directory' : 'is not there';
    const advice = path.startsWith('bundled:')
      ? `this package bundles: ${(await readdir(BUNDLED).catch(() => [])).join(', ') || 'no model'}`
      : 'give the directory that holds config.json, tokenizer.json and the ONNX graph';
    throw new QuarryError('BadModel', `model.path ${path}: ${directory} ${what}; ${advice}`);
  }
  return directory;
}

async function copyFromStore(
  context: Pick<Dependencies, 'openStore' | 'scratch' | 'models'>,
  uri: string,
  wanted: WantedModel,
): Promise<string> {
  const prefix = uri.endsWith('/') ? uri : `${uri}/`;
  const store = context.openStore(prefix);
  const { versions, leftOut } = await versionsBelow(store, prefix, wanted);
  const name = createHash('sha256')
    .update(JSON.stringify([prefix, ...versions]))
    .digest('hex')
    .slice(0, 32);
  return sharedDirectory(join(modelsDirectory(context), `s3-${name}`), async (partial) => {
    const copies = join(partial, '.copies');
    for (const path of versions.keys()) {
      const local = await store.localCopy(prefix + path, copies);
      await mkdir(dirname(join(partial, path)), { recursive: true });
      await rename(local, join(partial, path));
    }
    await rm(copies, { recursive: true });
    await forgetFiles(partial, leftOut);
    const now = await versionsBelow(store, prefix, wanted);
    if (JSON.stringify([...now.versions]) !== JSON.stringify([...versions]))
      throw new Error(`${prefix} was changed while it was copied`);
  });
}

interface WantedObjects {
  /** What changes whenever an object does, by the path below the prefix. */
  readonly versions: ReadonlyMap<string, string | null>;
  /** Paths of the others. */
  readonly leftOut: ReadonlySet<string>;
}

async function versionsBelow(store: Store, prefix: string, wanted: WantedModel): Promise<WantedObjects> {
  const paths: string[] = [];
  for await (const { uri } of store.list(prefix)) paths.push(uri.slice(prefix.length));
  if (paths.length === 0) {
    throw new QuarryError(
      'BadModel',
      `model.path ${prefix}: there is no object under it; give the prefix that holds config.json, tokenizer.json and the ONNX graph`,
    );
  }
  const versions = new Map<string, string | null>();
  for (const path of wantedFiles(prefix, paths, wanted).sort())
    versions.set(path, await store.version(prefix + path));
  return { versions, leftOut: new Set(paths.filter((path) => !versions.has(path))) };
}

/** Paths of all files below a directory, relative to it, sorted; at most two levels deep. */
export async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => path.split('/').length <= 3)
    .sort();
}
