import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { QuarryError } from '../failures.ts';

/** A file of a repository as the hub describes it. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** Hash of git: sha1 over a header and the content. */
  readonly oid: string;
  /** sha256 of the content, for large files. */
  readonly lfs?: { readonly oid: string } | undefined;
}

/** A file cut off goes on so often before the command gives up; what is there stays for the next try. */
const TRIES = 5;
const FIRST_WAIT_MS = 200;
/** Weak tags promise no equal bytes, so that a part could not be continued by them. */
const STRONG_TAG = /^"/;

/**
 * Downloads a file's content to `target`, going on where an earlier download was cut off (Range with If-Range, RFC 9110
 * section 13.1.5), and checks it against the hub's hash. It appears whole or not at all.
 *
 * @throws QuarryError BadModel where the content is not what the hub says
 */
export async function downloadBlob(
  url: string,
  token: string | undefined,
  file: HubFile,
  target: string,
): Promise<void> {
  const partial = await adoptPartial(target);
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchInto(url, token, file, partial);
      break;
    } catch (error) {
      if (error instanceof QuarryError || attempt === TRIES) {
        await rename(partial, `${target}.incomplete`).catch(() => {});
        throw error;
      }
      await setTimeout(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
  const actual = await contentHash(partial, file);
  const expected = file.lfs?.oid ?? file.oid;
  if (actual !== expected) {
    await rm(partial, { force: true });
    await rm(tagFile(target), { force: true });
    throw new QuarryError(
      'BadModel',
      `${url}: the content has hash ${actual}, but the hub says ${expected}; it was removed: try again`,
    );
  }
  await rename(partial, target);
  await rm(tagFile(target), { force: true });
}

/** The part that an earlier process left, under a name of this process; a new one where there is none. */
async function adoptPartial(target: string): Promise<string> {
  await mkdir(dirname(target), { recursive: true });
  const own = `${target}.${process.pid}.incomplete`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(`${basename(target)}.`) || !name.endsWith('.incomplete')) continue;
    const pid = Number(name.slice(basename(target).length + 1, -'.incomplete'.length));
    if (pid > 0 && isAlive(pid)) continue;
    if (
      await rename(join(dirname(target), name), own).then(
        () => true,
        () => false,
      )
    )
      break;
  }
  return own;
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function fetchInto(
  url: string,
  token: string | undefined,
  file: HubFile,
  partial: string,
): Promise<void> {
  const tags = tagFile(partial.replace(/\.\d+\.incomplete$/, ''));
  const tag = await readFile(tags, 'utf8').catch(() => null);
  const present = (await stat(partial).catch(() => null))?.size ?? 0;
  const goesOn = present > 0 && present < file.size && tag !== null;
  if (present === file.size && present > 0) return;
  const response = await fetch(url, {
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(goesOn && { range: `bytes=${present}-`, 'if-range': tag }),
    },
  });
  if (!response.ok || response.body === null) throw refused(url, response.status);
  // 200 in answer to a range: the content is another one by now, and comes whole.
  const output = await open(partial, response.status === 206 ? 'a' : 'w');
  try {
    const newTag = response.headers.get('etag');
    if (response.status === 200) {
      if (newTag !== null && STRONG_TAG.test(newTag)) await writeFile(tags, newTag);
      else await rm(tags, { force: true });
    }
    for await (const chunk of response.body) await output.writeFile(chunk as Uint8Array);
  } finally {
    await output.close();
  }
  const { size } = await stat(partial);
  if (size < file.size) throw new Error(`${url}: cut off after ${size} of ${file.size} bytes`);
}

function refused(url: string, status: number): Error {
  const message = `${url}: the server answers ${status}`;
  return status >= 500 || status === 429 ? new Error(message) : new QuarryError('BadModel', message);
}

function tagFile(target: string): string {
  return `${target}.etag`;
}

/** sha256 of large files, the hash of git of others. */
async function contentHash(path: string, { lfs }: HubFile): Promise<string> {
  const hash: Hash = createHash(lfs ? 'sha256' : 'sha1');
  if (!lfs) hash.update(`blob ${(await stat(path)).size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
