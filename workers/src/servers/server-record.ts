import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { processCommand, processIsAlive } from '@quarry/activities/storage/process-alive';

/** What a user's server leaves behind for the next command: how to reach it, and who it is. */
export interface ServerRecord {
  readonly pid: number;
  readonly ports: readonly number[];
  /** Stands in the command line of the process: tells it from a stranger that got the same process id. */
  readonly mark: string;
}

/** Reads a record; `undefined` where there is none or it is damaged. */
export async function readServerRecord(path: string): Promise<ServerRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8'));
    return Number.isInteger(record.pid) && Array.isArray(record.ports) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a record at once, together with `facts` for people and other tools. */
export async function writeServerRecord(path: string, record: ServerRecord, facts: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify({ ...facts, ...record }, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Whether the process of a record still runs and really is that server. */
export function recordIsAlive(record: ServerRecord): boolean {
  return processIsAlive(record.pid) && processCommand(record.pid).includes(record.mark);
}
