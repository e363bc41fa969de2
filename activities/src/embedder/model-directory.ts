import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QuarryError } from '../failures.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import { sharedDirectory } from '../storage/shared-directory.ts';
import type { Store } from '../storage/store.ts';

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
 * @param graph the graph's path inside the directory; of an s3 model only it, its external data and the settings are
 * fetched; null: all graphs.
 * @throws QuarryError BadModel where there is no such directory
 */
export async function localModelDirectory(
  context: Pick<Dependencies, 'openStore' | 'scratch' | 'models'>,
  path: string,
  graph: string | null,
): Promise<string> {
  if (path.startsWith('s3:')) return copyFromStore(context, path, graph);
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
  graph: string | null,
): Promise<string> {
  const prefix = uri.endsWith('/') ? uri : `${uri}/`;
  const store = context.openStore(prefix);
  const versions = await versionsBelow(store, prefix, graph);
  if (versions.size === 0) {
    throw new QuarryError(
      'BadModel',
      `model.path ${uri}: there is no object under ${prefix}; give the prefix that holds config.json, tokenizer.json and the ONNX graph`,
    );
  }
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
    const now = await versionsBelow(store, prefix, graph);
    if (JSON.stringify([...now]) !== JSON.stringify([...versions]))
      throw new Error(`${prefix} was changed while it was copied`);
  });
}

/** What changes whenever an object does, by the path below the prefix. */
async function versionsBelow(
  store: Store,
  prefix: string,
  graph: string | null,
): Promise<ReadonlyMap<string, string | null>> {
  const versions = new Map<string, string | null>();
  for await (const { uri } of store.list(prefix)) {
    const path = uri.slice(prefix.length);
    if (isNeeded(path, graph)) versions.set(path, await store.version(uri));
  }
  return versions;
}

/** Settings and templates anywhere; of the graphs only the named one, with what lies beside it and is no graph. */
function isNeeded(path: string, graph: string | null): boolean {
  if (graph === null || /\.(json|jinja|txt)$/.test(path)) return true;
  return (
    path === graph || (dirname(path) === dirname(graph) && !path.endsWith('.onnx') && isDataOf(path, graph))
  );
}

function isDataOf(path: string, graph: string): boolean {
  const owner = /^(.*\.onnx)[._]data(_\d+)?$/.exec(path)?.[1];
  return owner === undefined || owner === graph;
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
