import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withFileLock } from './file-lock.ts';

/** What no process has used for so long is removed when the next one is made. */
const KEPT_MS = 30 * 24 * 3_600_000;
const LOCK = '.lock';

/**
 * A directory that the processes of a machine make once and share; its name says all that its content depends on. It
 * appears whole or not at all, and is not changed afterwards.
 *
 * @param make fills the directory that it is given
 * @returns `directory`
 */
export async function sharedDirectory(
  directory: string,
  make: (partial: string) => Promise<void>,
): Promise<string> {
  if (await used(directory)) return directory;
  await withFileLock(`${directory}${LOCK}`, async () => {
    if (await used(directory)) return;
    const partial = `${directory}.part`;
    await rm(partial, { recursive: true, force: true });
    try {
      await mkdir(partial, { recursive: true });
      await make(partial);
      await rename(partial, directory);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    await removeUnused(dirname(directory));
  });
  return directory;
}

/** Whether it is there; its time of change says when it was last used. */
async function used(directory: string): Promise<boolean> {
  if (!(await stat(directory).catch(() => null))) return false;
  await utimes(directory, new Date(), new Date()).catch(() => undefined);
  return true;
}

async function removeUnused(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.endsWith(LOCK)) continue;
    const found = await stat(join(parent, name)).catch(() => null);
    if (found && found.mtimeMs < Date.now() - KEPT_MS)
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
