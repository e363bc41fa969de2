import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  open,
  opendir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { QuarryError } from '../failures.ts';
import type { Store } from './store.ts';

/**
 * Objects as files. A write goes to a temporary name in the same directory (`.part-<uuid>`, never listed) and is
 * renamed, so it is atomic on every POSIX file system; a conditional put is `link(2)`, which fails where the name exists.
 */
export function createFileStore(): Store {
  return {
    async read(uri) {
      const bytes = await this.readIfPresent(uri);
      if (!bytes) throw missing(uri);
      return bytes;
    },
    readIfPresent: (uri) => readFile(path(uri)).catch(absent),
    async readRange(uri, start, end) {
      const file = await open(path(uri)).catch(absent);
      if (!file) throw missing(uri);
      try {
        const bytes = new Uint8Array(end - start);
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0)
            throw new QuarryError(
              'BadArtefact',
              `${uri} ends at byte ${start + filled}; bytes ${start} to ${end} were asked for`,
            );
          filled += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    },
    size: async (uri) => {
      const found = await stat(path(uri)).catch(absent);
      return found?.isFile() ? found.size : null;
    },
    version: async (uri) => {
      const found = await stat(path(uri), { bigint: true }).catch(absent);
      return found?.isFile() ? `${found.size} ${found.mtimeNs} ${found.ctimeNs}` : null;
    },
    async write(uri, bytes) {
      await beside(path(uri), async (temporary, target) => {
        await writeFile(temporary, bytes);
        await rename(temporary, target);
      });
    },
    async writeIfAbsent(uri, bytes) {
      return beside(path(uri), async (temporary, target) => {
        await writeFile(temporary, bytes);
        try {
          await link(temporary, target);
          return true;
        } catch (error) {
          if (code(error) === 'EEXIST') return false;
          throw error;
        }
      });
    },
    async putFile(localPath, uri) {
      await beside(path(uri), async (temporary, target) => {
        try {
          await rename(localPath, target);
        } catch (error) {
          if (code(error) !== 'EXDEV') throw error;
          await copyFile(localPath, temporary, constants.COPYFILE_FICLONE);
          await rename(temporary, target);
          await rm(localPath);
        }
      });
    },
    async localCopy(uri) {
      const local = path(uri);
      if (!(await stat(local).catch(absent))) throw missing(uri);
      return local;
    },
    async *list(prefix) {
      const at = path(prefix);
      const directory = prefix.endsWith('/') ? at : dirname(at);
      const files = await filesBelow(directory);
      for (const file of files.sort(bytewise)) {
        const uri = pathToFileURL(file).href;
        if (uri.startsWith(prefix)) yield { uri, bytes: (await stat(file)).size };
      }
    },
    remove: (uri) => rm(path(uri), { force: true }),
  };
}

const TEMPORARY = '.part-';

function path(uri: string): string {
  return fileURLToPath(uri);
}

async function beside<T>(target: string, put: (temporary: string, target: string) => Promise<T>): Promise<T> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `${TEMPORARY}${randomUUID()}`);
  try {
    return await put(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await opendir(directory, { recursive: true }).catch(absent);
  if (!entries) return found;
  for await (const entry of entries) {
    if (entry.isFile() && !entry.name.startsWith(TEMPORARY)) found.push(join(entry.parentPath, entry.name));
  }
  return found;
}

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function absent(error: unknown): null {
  if (code(error) === 'ENOENT' || code(error) === 'ENOTDIR') return null;
  throw error;
}

function code(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function missing(uri: string): QuarryError {
  return new QuarryError('BadArtefact', `${uri} does not exist`);
}
