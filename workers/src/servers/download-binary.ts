import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { ServerRecipe } from './recipe.ts';
import type { OnLine } from './settings.ts';

/** Where the official site does not answer within this time it counts as unreachable. */
const REACH_MS = 2_000;
const TRANSFER_MS = 10 * 60_000;

/** The address of the official build for this machine; `undefined` where there is none. */
export function downloadUrl(recipe: ServerRecipe): string | undefined {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (arch === undefined || !['linux', 'darwin'].includes(process.platform)) return undefined;
  return recipe.download?.replace('{platform}', process.platform).replace('{arch}', arch);
}

/** Fetches the official build of a server and unpacks its executable into `folder`. */
export async function downloadBinary(
  recipe: ServerRecipe,
  url: string,
  folder: string,
  onLine: OnLine,
): Promise<void> {
  const abort = new AbortController();
  const reach = setTimeout(() => abort.abort(), REACH_MS);
  const transfer = setTimeout(() => abort.abort(), TRANSFER_MS);
  try {
    const response = await fetch(url, { signal: abort.signal }).catch((error: Error) => {
      throw new Error(`not reachable (${describe(error)})`);
    });
    clearTimeout(reach);
    if (!response.ok || response.body === null) throw new Error(`answered ${response.status}`);
    onLine(`${recipe.title} ${recipe.version}: downloading ${url}`);
    const archive = join(folder, 'archive.tar.gz');
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(archive));
    await promisify(execFile)('tar', ['-xzf', archive, '-C', folder, recipe.binary]);
    await rm(archive);
  } finally {
    clearTimeout(reach);
    clearTimeout(transfer);
  }
}

function describe(error: Error): string {
  if (error.name === 'AbortError') return `no answer within ${REACH_MS / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
