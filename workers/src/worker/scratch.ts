import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processIsAlive } from '@quarry/activities/storage/process-alive';

/** Where a process puts what it needs locally. */
export interface Scratch {
  /** Of this process alone, under `<cache>/scratch`. */
  readonly directory: string;
  /** Of all processes with this cache: models that are fetched or prepared once. */
  readonly models: string;
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
  return {
    directory,
    models: join(cache, 'models'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
