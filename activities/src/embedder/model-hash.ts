import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { QuarryError } from '../failures.ts';
import { hashFile } from '../stages/unit.ts';
import type { ModelFiles } from './model-files.ts';
import { type GraphScan, scanGraph } from './scan-graph.ts';

/** The content of the files of a model that its vectors depend on. */
export interface ModelContent {
  /** sha256 by path inside the directory. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly dynamicQuantization: boolean;
}

const remembered = new Map<string, { readonly version: string; readonly value: Promise<unknown> }>();

/**
 * Hashes the graph, its external data and the tokenizer, each once per process as long as size and time of change stay.
 * Where the directory has a `quarry.json`, every file it names is checked.
 *
 * @throws QuarryError BadModel where external data is missing, or a file is not what `quarry.json` says
 */
export async function hashModel({ directory }: ModelFiles, graph: string): Promise<ModelContent> {
  const scan = await once<GraphScan>(join(directory, graph), scanGraph);
  const sha256: Record<string, string> = { [graph]: scan.sha256 };
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    const path = join(directory, name);
    if (await stat(path).catch(() => null)) sha256[name] = await once(path, hashFile);
  }
  for (const name of scan.externalData) {
    const path = join(dirname(graph), name);
    const found = await stat(join(directory, path)).catch(() => null);
    if (!found) {
      throw new QuarryError(
        'BadModel',
        `${join(directory, graph)} keeps its weights in ${name}, which is missing beside it; copy it there`,
      );
    }
    sha256[path] = await once(join(directory, path), hashFile);
  }
  await verify(directory, sha256);
  return { sha256, dynamicQuantization: scan.dynamicQuantization };
}

/** `quarry.json`: `files` gives `{sha256, bytes}` by path, for every other file of the directory. */
async function verify(directory: string, known: Readonly<Record<string, string>>): Promise<void> {
  const path = join(directory, 'quarry.json');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return;
  const { files = {} } = JSON.parse(text) as {
    readonly files?: Readonly<Record<string, { readonly sha256: string }>>;
  };
  for (const [name, { sha256: expected }] of Object.entries(files)) {
    const actual = known[name] ?? (await once(join(directory, name), hashFile).catch(() => 'missing'));
    if (actual !== expected) {
      throw new QuarryError(
        'BadModel',
        `${join(directory, name)}: sha256 ${actual}, but quarry.json says ${expected}; the file is damaged or was changed, fetch the model again`,
      );
    }
  }
}

async function once<T>(path: string, compute: (path: string) => Promise<T>): Promise<T> {
  const { size, mtimeMs } = await stat(path);
  const version = `${size}:${mtimeMs}`;
  const known = remembered.get(path);
  if (known?.version === version) return known.value as Promise<T>;
  const value = compute(path);
  value.catch(() => remembered.delete(path));
  remembered.set(path, { version, value });
  return value;
}

/** sha256 of any JSON value, hex. */
export function hashJson(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
