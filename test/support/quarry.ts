import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Funnel } from '@quarry/workflows';
import { inject } from 'vitest';
import { type Ended, ended } from './ended.ts';

const BIN = fileURLToPath(new URL('../../workers/bin/quarry.js', import.meta.url));

/** The last line of `quarry mine --json`. */
export interface Mined {
  readonly runId: string;
  readonly workflowId: string;
  readonly output: string;
  readonly manifest: string;
  readonly funnel: Funnel;
  readonly stages: Record<string, { units: number; computed: number; reused: number; seconds: number }>;
}

/** The environment in which tests run the command: its own home, the machine's cache of servers, the test S3 server. */
function environment(home: string): NodeJS.ProcessEnv {
  const s3 = inject('s3');
  const { TEMPORAL_ADDRESS: _, ...env } = process.env;
  return {
    ...env,
    QUARRY_HOME: home,
    ...(s3 && {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: 'us-east-1',
    }),
  };
}

/** Runs `quarry ...args` to its end. `started` is given the process, to kill it or what it started. */
export function quarry(
  args: readonly string[],
  home: string,
  started?: (process: ReturnType<typeof spawn>) => void,
  variables: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...environment(home), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = ended(child);
  started?.(child);
  return end;
}

/** Runs a job to its committed result; fails with the command's own words. */
export async function mine(
  job: string,
  home: string,
  flags: readonly string[] = [],
  variables: NodeJS.ProcessEnv = {},
): Promise<Mined> {
  const { code, stdout, stderr } = await quarry(
    ['mine', job, '--json', ...flags],
    home,
    undefined,
    variables,
  );
  if (code !== 0) throw new Error(`quarry mine ${job} ended with ${code}:\n${stderr}\n${stdout}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Mined;
}

/** sha256 of every file under a directory, by relative path. */
export async function hashes(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(directory.length + 1)] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return found;
}
