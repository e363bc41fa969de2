import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { QuarryError } from '../failures.ts';
import { hashFile } from '../stages/unit.ts';
import { filesOf } from './model-directory.ts';

export const DIRECTORY_MANIFEST = 'quarry.json';

/** `quarry.json`: what a model's directory holds. The bundled model carries it; `prepare` and `pull` write it. */
export interface DirectoryManifest {
  readonly format: 1;
  readonly name: string;
  readonly version?: string;
  readonly kind?: 'encoder' | 'generator';
  /** Where `pull` took it from. */
  readonly source?: { readonly repository: string; readonly revision: string };
  /** Every other file of the directory, by path. */
  readonly files: Readonly<Record<string, FileRecord>>;
  /** What `prepare` made, by the path of the graph. */
  readonly prepared?: Readonly<Record<string, PreparedGraph>>;
}

export interface FileRecord {
  readonly sha256: string;
  readonly bytes: number;
}

export interface PreparedGraph {
  /** The graph that it was made from. */
  readonly from: string;
  /** The operation that was cut off, and how the norm before it was recognised. */
  readonly head: string;
  readonly norm: string;
  /** The beginning of every rendered prompt, baked into the graph as keys and values. */
  readonly prefix?: BakedPrefix;
}

export interface BakedPrefix {
  /** The system turn. */
  readonly system: string;
  readonly ids: readonly number[];
}

/** @throws QuarryError BadModel where it is there and no JSON of this format */
export async function readDirectoryManifest(directory: string): Promise<DirectoryManifest | null> {
  const path = join(directory, DIRECTORY_MANIFEST);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const manifest = JSON.parse(text) as DirectoryManifest;
    if (manifest.format === 1 && typeof manifest.files === 'object') return manifest;
  } catch {
    // The same message as for JSON of another form.
  }
  throw new QuarryError(
    'BadModel',
    `${path}: not a model's quarry.json of format 1; remove it, or fetch the model again`,
  );
}

/**
 * Writes `quarry.json` anew, by rename: every file hashed, but those whose hash is given.
 *
 * @param more what is known beyond the files; takes the place of what the old one says
 */
export async function writeDirectoryManifest(
  directory: string,
  more: Partial<Omit<DirectoryManifest, 'format' | 'files'>>,
  known: Readonly<Record<string, FileRecord>> = {},
): Promise<DirectoryManifest> {
  const before = await readDirectoryManifest(directory).catch(() => null);
  const files: Record<string, FileRecord> = {};
  for (const path of await filesOf(directory)) {
    if (path === DIRECTORY_MANIFEST || path.split('/').some((part) => part.startsWith('.'))) continue;
    const local = join(directory, path);
    files[path] = known[path] ?? { sha256: await hashFile(local), bytes: (await stat(local)).size };
  }
  const { format: _, files: __, ...old } = before ?? { format: 1, files: {}, name: basename(directory) };
  const manifest: DirectoryManifest = { format: 1, ...old, ...more, files };
  await replaceFile(join(directory, DIRECTORY_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** Takes files out of a copy's manifest that were not copied. */
export async function forgetFiles(directory: string, leftOut: ReadonlySet<string>): Promise<void> {
  const manifest = await readDirectoryManifest(directory);
  if (manifest === null || !Object.keys(manifest.files).some((path) => leftOut.has(path))) return;
  const files = Object.fromEntries(Object.entries(manifest.files).filter(([path]) => !leftOut.has(path)));
  await replaceFile(
    join(directory, DIRECTORY_MANIFEST),
    `${JSON.stringify({ ...manifest, files }, null, 2)}\n`,
  );
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
