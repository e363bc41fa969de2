import { mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Logs of earlier commands that are kept. */
const KEPT = 20;

/** Where a command's local workers write what nobody reads unless something fails. */
export interface LogFile {
  readonly path: string;
  /** Descriptor, open for appending. */
  readonly descriptor: number;
}

/** Opens `<home>/logs/<time>-<workflow id>.log` and removes the oldest. */
export function openLogFile(home: string, workflowId: string): LogFile {
  const directory = join(home, 'logs');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(directory).sort().slice(0, -KEPT))
    rmSync(join(directory, name), { force: true });
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  const path = join(directory, `${time}-${workflowId}.log`);
  return { path, descriptor: openSync(path, 'a', 0o600) };
}
