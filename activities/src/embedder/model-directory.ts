import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QuarryError } from '../failures.ts';
import type { Dependencies } from '../stages/stage-context.ts';

/** Where a model's files lie on this machine, and the errors of not finding them. */

const BUNDLED = new URL('../../models/', import.meta.url);

const copies = new Map<string, Promise<string>>();

/**
 * The local directory of a model: `file:` URI or plain path, `bundled:<name>` (shipped with this package), or `s3:`
 * (copied into scratch once per process, keeping the layout).
 *
 * @param graph the graph's path inside the directory; of an s3 model only it, its external data and the settings are
 * fetched; null: all graphs.
 * @throws QuarryError BadModel where there is no such directory
 */
export async function localModelDirectory(
  context: Pick<Dependencies, 'openStore' | 'scratch'>,
  path: string,
  graph: string | null,
): Promise<string> {
  if (path.startsWith('s3:')) {
    const key = `${path}\n${graph}`;
    let copy = copies.get(key);
    if (!copy) {
      copy = copyFromStore(context, path, graph);
      copies.set(key, copy);
      copy.catch(() => copies.delete(key));
    }
    return copy;
  }
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
  context: Pick<Dependencies, 'openStore' | 'scratch'>,
  uri: string,
  graph: string | null,
): Promise<string> {
  const prefix = uri.endsWith('/') ? uri : `${uri}/`;
  const store = context.openStore(prefix);
  const name = createHash('sha256').update(`${prefix}\n${graph}`).digest('hex').slice(0, 16);
  const directory = join(context.scratch, 'models', name);
  let files = 0;
  for await (const object of store.list(prefix)) {
    const path = object.uri.slice(prefix.length);
    if (!isNeeded(path, graph)) continue;
    const local = await store.localCopy(object.uri, join(context.scratch, 'copies'));
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await link(local, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') await copyFile(local, target);
    });
    files++;
  }
  if (files === 0) {
    throw new QuarryError(
      'BadModel',
      `model.path ${uri}: there is no object under ${prefix}; give the prefix that holds config.json, tokenizer.json and the ONNX graph`,
    );
  }
  return directory;
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
