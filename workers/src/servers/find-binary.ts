import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from '@quarry/activities/storage/file-lock';
import { buildBinary } from './build-binary.ts';
import { downloadBinary, downloadUrl } from './download-binary.ts';
import { cachedBinary, type ServerName, type ServerRecipe, serverRecipe } from './recipe.ts';
import { isExecutable, searchPath } from './search-path.ts';
import { ServerError } from './server-error.ts';
import type { OnLine, ServerSettings } from './settings.ts';
import { waysOut } from './ways-out.ts';

/** An executable server, and where it came from. */
export interface ServerBinary {
  readonly path: string;
  readonly origin: 'PATH' | 'cache' | 'download' | 'build';
}

/** The executable that is at hand without any work: on the PATH, or cached. */
export function serverBinaryAtHand(name: ServerName, settings: ServerSettings): ServerBinary | undefined {
  return atHand(serverRecipe(name), settings);
}

/**
 * The executable of a server: on the PATH, cached, downloaded from its makers, or built from the pinned Go
 * module, in this order. Processes that want the same one at once wait for the first of them.
 */
export async function ensureServerBinary(
  name: ServerName,
  settings: ServerSettings,
  onLine: OnLine = () => {},
): Promise<ServerBinary> {
  const recipe = serverRecipe(name);
  const found = atHand(recipe, settings);
  if (found !== undefined) return found;
  const lock = `${dirname(cachedBinary(recipe, settings))}.lock`;
  const onWait = (pid: number | undefined) =>
    onLine(`${recipe.title}: process ${pid ?? '?'} is getting it; waiting`);
  return withFileLock(lock, async () => atHand(recipe, settings) ?? obtain(recipe, settings, onLine), onWait);
}

function atHand(recipe: ServerRecipe, settings: ServerSettings): ServerBinary | undefined {
  const installed = searchPath(recipe.binary, settings.env);
  if (installed !== undefined) return { path: installed, origin: 'PATH' };
  const cached = cachedBinary(recipe, settings);
  return isExecutable(cached) ? { path: cached, origin: 'cache' } : undefined;
}

async function obtain(recipe: ServerRecipe, settings: ServerSettings, onLine: OnLine): Promise<ServerBinary> {
  const path = cachedBinary(recipe, settings);
  const failures: string[] = [];
  const url = downloadUrl(recipe);
  if (url !== undefined) {
    try {
      await intoCache(path, (folder) => downloadBinary(recipe, url, folder, onLine));
      return { path, origin: 'download' };
    } catch (error) {
      failures.push(`official download ${url}: ${(error as Error).message}`);
    }
  }
  try {
    await intoCache(path, (folder) => buildBinary(recipe, folder, settings, onLine));
    return { path, origin: 'build' };
  } catch (error) {
    failures.push(`build from the Go module ${recipe.module}: ${(error as Error).message}`);
  }
  throw new ServerError('not-found', waysOut(recipe, path, failures));
}

/** Lets `fill` put the executable into a new folder, tries it, and moves the folder to its place at once. */
async function intoCache(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const place = dirname(path);
  const folder = `${place}.${randomUUID()}`;
  await mkdir(folder, { recursive: true });
  try {
    await fill(folder);
    await promisify(execFile)(join(folder, path.slice(place.length)), ['--version'], { timeout: 30_000 });
    await rm(place, { recursive: true, force: true });
    await rename(folder, place);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
