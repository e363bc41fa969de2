import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Python with the pinned packages, or why there is none. */
export type Python = { readonly path: string } | { readonly missing: string };

/**
 * The interpreter of a virtual environment outside the repository (`QUARRY_CACHE` or `~/.cache/quarry`), made once per
 * content of `requirements` from PyPI.
 */
export async function pythonEnvironment(
  requirements = new URL('requirements.txt', import.meta.url),
): Promise<Python> {
  const pins = await readFile(requirements);
  const hash = createHash('sha256').update(pins).digest('hex').slice(0, 16);
  const cache = process.env.QUARRY_CACHE ?? join(homedir(), '.cache', 'quarry');
  const directory = join(cache, 'interop', hash);
  const path = join(directory, 'bin', 'python');
  const complete = join(directory, 'complete');
  if (existsSync(complete)) return { path };
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(join(cache, 'interop'), { recursive: true });
    await run('python3', ['-m', 'venv', directory]);
    await run(path, [
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      '-q',
      '-r',
      requirements.pathname,
    ]);
    await writeFile(`${complete}.part`, '');
    await rename(`${complete}.part`, complete);
    return { path };
  } catch (error) {
    const { message } = error as Error;
    return {
      missing: `python3 with venv and pip, and PyPI in reach, are needed: ${message.split('\n').slice(0, 3).join(' ')}`,
    };
  }
}

/** Runs `read_run.py` and returns what it printed. */
export async function readRun(
  python: string,
  reader: 'datasets' | 'arrow-and-duckdb',
  location: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Record<string, PythonTable>> {
  const script = new URL('read_run.py', import.meta.url).pathname;
  const { stdout } = await run(python, [script, reader, location], {
    env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1', ...environment },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Record<string, PythonTable>;
}

/** What Python found of one table. */
export interface PythonTable {
  readonly rows: number;
  readonly columns: Readonly<Record<string, string>>;
  readonly first: unknown;
  readonly last?: unknown;
  /** What the data set card says of it, as `datasets` understands it. */
  readonly card?: {
    readonly rows: number;
    readonly bytes: number;
    readonly download: number;
    readonly columns: Readonly<Record<string, string>>;
  };
  /** Rows as DuckDB counts them. */
  readonly duckdb?: number;
}
