import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIsAlive } from './process-alive.ts';

/** The holder touches its lock this often. */
const REFRESH_MS = 2_000;
const POLL_MS = 100;
/** A lock that nobody touches during so many polls has no holder (its host died, or its process id was given away). */
const STALE_POLLS = 150;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/**
 * Does `work` while no other process holds the lock file `path`; waits for its turn. A lock whose holder
 * was killed is taken over. `onWait` is told once, with the holder's process id, when there is a wait.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: (pid: number | undefined) => void = () => {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const own: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  let touched: number | undefined;
  let unchanged = 0;
  for (let polls = 0; !(await create(path, own)); polls++) {
    const holder = await readHolder(path);
    if (polls === 0) onWait(holder?.pid);
    const now = await modified(path);
    unchanged = now === touched ? unchanged + 1 : 0;
    touched = now;
    if (isDead(holder) || unchanged > STALE_POLLS) await removeStale(path, holder);
    else await sleep(POLL_MS);
  }
  const refresh = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), REFRESH_MS);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    if ((await readHolder(path))?.token === own.token) await rm(path, { force: true });
  }
}

async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // gone, or its holder is just writing it
  }
}

function isDead(holder: Holder | undefined): boolean {
  return holder?.host === hostname() && !processIsAlive(holder.pid);
}

async function modified(path: string): Promise<number | undefined> {
  return stat(path).then(
    (file) => file.mtimeMs,
    () => undefined,
  );
}

/** Only the process that creates the marker of a lock's generation removes it, so nobody removes a newer lock. */
async function removeStale(path: string, holder: Holder | undefined): Promise<void> {
  const marker = `${path}.${holder?.token ?? 'empty'}.stale`;
  if (!(await create(marker, { pid: process.pid, host: hostname(), token: randomUUID() }))) {
    if (isDead(await readHolder(marker))) await rm(marker, { force: true });
    await sleep(POLL_MS);
    return;
  }
  if ((await readHolder(path))?.token === holder?.token) await rm(path, { force: true });
  await rm(marker, { force: true });
}
