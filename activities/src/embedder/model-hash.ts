import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { QuarryError } from '../failures.ts';
import { hashFile } from '../stages/unit.ts';
import { DIRECTORY_MANIFEST, readDirectoryManifest } from './directory-manifest.ts';
import { type GraphFacts, graphFacts } from './graph-facts.ts';

/** The content of the files of a model that its vectors depend on. */
export interface ModelContent {
  /** sha256 by path inside the directory. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly dynamicQuantization: boolean;
}

const remembered = new Map<string, { readonly version: string; readonly value: Promise<unknown> }>();

/**
 * Hashes the graphs, their external data and the tokenizer, each once per process as long as size and time of change
 * stay.
 *
 * @param graphs paths inside the directory
 * @throws QuarryError BadModel where external data is missing or cut off
 */
export async function hashModel(directory: string, graphs: readonly string[]): Promise<ModelContent> {
  const sha256: Record<string, string> = {};
  let dynamicQuantization = false;
  for (const graph of graphs) {
    const facts = await once<GraphFacts>(join(directory, graph), graphFacts);
    sha256[graph] = facts.sha256;
    dynamicQuantization ||= facts.dynamicQuantization;
    for (const data of facts.externalData) {
      const path = join(dirname(graph), data.name);
      await requireData(directory, graph, path, data.bytes);
      sha256[path] = await once(join(directory, path), hashFile);
    }
  }
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json']) {
    const path = join(directory, name);
    if (await stat(path).catch(() => null)) sha256[name] = await once(path, hashFile);
  }
  return { sha256, dynamicQuantization };
}

async function requireData(directory: string, graph: string, path: string, bytes: number): Promise<void> {
  const found = await stat(join(directory, path)).catch(() => null);
  if (found && found.size >= bytes) return;
  const what = found
    ? `which has ${found.size} bytes where ${bytes} are needed: it was cut off; fetch it again`
    : 'which is missing beside it; copy it there';
  throw new QuarryError('BadModel', `${join(directory, graph)} keeps its weights in ${path}, ${what}`);
}

/**
 * Where the directory has a `quarry.json`, every file that it names is what it says.
 *
 * @param known hashes of its files, by path, so that they are not made twice
 * @throws QuarryError BadModel, naming the first that is not
 */
export async function checkModelFiles(
  directory: string,
  known: Readonly<Record<string, string>>,
): Promise<void> {
  const { files = {} } = (await readDirectoryManifest(directory)) ?? {};
  for (const [name, { sha256: expected }] of Object.entries(files)) {
    const actual = known[name] ?? (await once(join(directory, name), hashFile).catch(() => 'missing'));
    if (actual !== expected) {
      throw new QuarryError(
        'BadModel',
        `${join(directory, name)}: sha256 ${actual}, but ${DIRECTORY_MANIFEST} says ${expected}; the file is damaged or was changed, fetch the model again`,
      );
    }
  }
}

async function once<T>(path: string, compute: (path: string) => Promise<T>): Promise<T> {
  const { size, mtimeMs } = await stat(path);
  const version = `${size}:${mtimeMs}`;
  const key = `${compute.name} ${path}`;
  const known = remembered.get(key);
  if (known?.version === version) return known.value as Promise<T>;
  const value = compute(path);
  value.catch(() => remembered.delete(key));
  remembered.set(key, { version, value });
  return value;
}

/** sha256 of any JSON value, hex. */
export function hashJson(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
