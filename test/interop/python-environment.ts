import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Python with the pinned packages, or why there is none. */
export type Python = { readonly path: string } | { readonly missing: string };

interface Environment {
  /** It also sees the packages of this one; its own come first. */
  readonly on?: EnvironmentName;
  /** The list is complete: installed without looking at what packages ask for. */
  readonly complete: boolean;
}

/** One list of pins each, in `requirements/`. PyTorch is large, so the trainers share one. */
const ENVIRONMENTS = {
  datasets: { complete: false },
  trainers: { complete: true },
  'sentence-transformers': { on: 'trainers', complete: true },
  'ms-swift': { on: 'trainers', complete: true },
  automodel: { on: 'trainers', complete: true },
} as const satisfies Record<string, Environment & { readonly on?: string }>;

export type EnvironmentName = 'datasets' | 'trainers' | 'sentence-transformers' | 'ms-swift' | 'automodel';

/**
 * The interpreter of a virtual environment outside the repository (`QUARRY_CACHE` or `~/.cache/quarry`), made once per
 * content of its requirements from PyPI.
 *
 * @param name one of `requirements/`, or a list of pins of its own
 */
export async function pythonEnvironment(name: EnvironmentName | URL = 'datasets'): Promise<Python> {
  try {
    return { path: join((await environment(name)).directory, 'bin', 'python') };
  } catch (error) {
    return {
      missing: `python3 with venv and pip, and PyPI in reach, are needed: ${reasonOf(error as Error)}`,
    };
  }
}

/** Pip's own words where it said why, else the first line. */
function reasonOf({ message }: Error): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*Error\b|^ERROR\b/.test(line)) ?? lines[0] ?? 'no reason was given';
}

/** As {@link pythonEnvironment}; says why and skips the test where there is none. */
export async function interpreter(name: EnvironmentName, skip: (note: string) => never): Promise<string> {
  const python = await pythonEnvironment(name);
  if ('path' in python) return python.path;
  console.error(`${name} is not tested: ${python.missing}`);
  return skip(python.missing);
}

async function environment(
  name: EnvironmentName | URL,
): Promise<{ readonly directory: string; readonly hash: string }> {
  const { on, complete }: Environment = name instanceof URL ? { complete: false } : ENVIRONMENTS[name];
  const base = on === undefined ? null : await environment(on);
  const requirements = name instanceof URL ? name : new URL(`requirements/${name}.txt`, import.meta.url);
  const hash = createHash('sha256')
    .update(base?.hash ?? '')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 16);
  const parent = join(process.env.QUARRY_CACHE ?? join(homedir(), '.cache', 'quarry'), 'interop');
  const directory = join(parent, hash);
  const marker = join(directory, 'complete');
  if (existsSync(marker)) return { directory, hash };
  await rm(directory, { recursive: true, force: true });
  await mkdir(parent, { recursive: true });
  await run('python3', ['-m', 'venv', directory]);
  if (base)
    await writeFile(join(await packages(directory), 'base.pth'), `${await packages(base.directory)}\n`);
  const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-cache-dir', '-q'];
  const python = join(directory, 'bin', 'python');
  await run(python, [...install, ...(complete ? ['--no-deps'] : []), '-r', requirements.pathname]);
  await writeFile(`${marker}.part`, '');
  await rename(`${marker}.part`, marker);
  return { directory, hash };
}

/** `lib/python3.11/site-packages`, whatever the version. */
async function packages(directory: string): Promise<string> {
  const lib = join(directory, 'lib');
  const version = (await readdir(lib)).find((entry) => entry.startsWith('python'))!;
  return join(lib, version, 'site-packages');
}

/** Runs a script of this directory, offline, and returns the JSON that it prints last. */
export async function runPython<Result>(
  python: string,
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Result> {
  const home = await mkdtemp(join(tmpdir(), 'quarry-hf-'));
  const offline = {
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    HF_HOME: home,
    MODELSCOPE_CACHE: home,
    TOKENIZERS_PARALLELISM: 'false',
    CUDA_VISIBLE_DEVICES: '',
    OMP_NUM_THREADS: '2',
  };
  try {
    const { stdout } = await run(python, [new URL(script, import.meta.url).pathname, ...args], {
      env: { ...process.env, ...offline, ...environment },
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Result;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
