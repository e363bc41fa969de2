import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from '@quarry/activities/storage/file-lock';

const run = promisify(execFile);

/** Installs; from PyPI itself. It loads side by side and builds nothing into bytecode, which is most of what pip takes. */
const UV = 'uv==0.13.8';
/** PyTorch with CUDA's libraries is 2.5 GB to load; whoever is slower than this is told so, and the test is skipped. */
const INSTALL_MINUTES = 30;

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
 * content of its requirements from PyPI. Processes that want the same one wait for the one that makes it; it stands there
 * under its name only when it is whole.
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

function reasonOf(error: Error & { readonly killed?: boolean; readonly stderr?: string }): string {
  if (error.killed) return `installing took more than ${INSTALL_MINUTES} minutes and was ended`;
  const said = (error.stderr ?? '').trim() || error.message;
  return said.replaceAll(/\s+/g, ' ');
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
  const directory = join(parentDirectory(), hash);
  await madeOnce(directory, async (part) => {
    const uv = await installer();
    await run(uv, ['venv', '-q', '--relocatable', '--python', 'python3', part]);
    if (base) await writeFile(join(await packages(part), 'base.pth'), `${await packages(base.directory)}\n`);
    const install = ['pip', 'install', '-q', '--no-cache', '--python', join(part, 'bin', 'python')];
    const timeout = INSTALL_MINUTES * 60_000;
    await run(uv, [...install, ...(complete ? ['--no-deps'] : []), '-r', requirements.pathname], { timeout });
  });
  return { directory, hash };
}

/** The path of uv, in a directory of its own. */
async function installer(): Promise<string> {
  const directory = join(parentDirectory(), UV.replace('==', '-'));
  await madeOnce(directory, async (part) => {
    await run('python3', ['-m', 'pip', 'install', '-q', '--no-cache-dir', '--target', part, UV]);
  });
  return join(directory, 'bin', 'uv');
}

function parentDirectory(): string {
  return join(process.env.QUARRY_CACHE ?? join(homedir(), '.cache', 'quarry'), 'interop');
}

/** Makes the directory under another name by `make`, and gives it its own at the end; one process at a time. */
async function madeOnce(directory: string, make: (part: string) => Promise<void>): Promise<void> {
  const isWhole = (): boolean => existsSync(join(directory, 'complete'));
  if (isWhole()) return;
  await withFileLock(`${directory}.lock`, async () => {
    if (isWhole()) return;
    const [parent, name] = [dirname(directory), basename(directory)];
    for (const entry of await readdir(parent)) {
      const isRest = entry === name || entry.startsWith(`${name}.part-`);
      if (isRest) await rm(join(parent, entry), { recursive: true, force: true });
    }
    const part = `${directory}.part-${process.pid}`;
    await make(part);
    await writeFile(join(part, 'complete'), '');
    await rename(part, directory);
  });
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
