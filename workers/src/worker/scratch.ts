import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processIsAlive } from '../servers/process-alive.ts';

/** A directory of this process alone, under `<cache>/scratch`. */
export interface Scratch {
  readonly directory: string;
  remove(): void;
}

/**
 * Makes the directory, and removes those of processes of this host that were killed. The host is in the name, because a
 * cache may be shared.
 */
export function openScratch(cache: string): Scratch {
  const parent = join(cache, 'scratch');
  const host = `${hostname()}-`;
  const directory = join(parent, `${host}${process.pid}`);
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(host) ? Number(name.slice(host.length)) : Number.NaN;
    if (pid === process.pid || (pid > 0 && !processIsAlive(pid)))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
  mkdirSync(directory);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
