import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatElapsed } from './elapsed.ts';
import type { ServerRecipe } from './recipe.ts';
import { searchPath } from './search-path.ts';
import type { OnLine, ServerSettings } from './settings.ts';

const PROGRESS_MS = 15_000;

/**
 * Builds a server from its pinned Go module into `folder`. Go checks every module against go.sum, so the
 * source is the pinned one or the build fails.
 */
export async function buildBinary(
  recipe: ServerRecipe,
  folder: string,
  settings: ServerSettings,
  onLine: OnLine,
): Promise<void> {
  const go = searchPath('go', settings.env);
  if (go === undefined) throw new Error('Go is not on the PATH');
  const env = { ...settings.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' } as NodeJS.ProcessEnv;
  const version = await goVersion(go, env);
  if (isOlder(version, recipe.go)) throw new Error(`Go ${version} at ${go} is older than ${recipe.go}`);
  onLine(`${recipe.title} ${recipe.version}: building it with Go ${version} (once, some minutes)`);
  const args = ['build', '-v', ...recipe.build, '-o', join(folder, recipe.binary), 'tool'];
  await run(go, args, recipe, env, onLine);
}

async function goVersion(go: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await promisify(execFile)(go, ['env', 'GOVERSION'], { env });
  return stdout.trim().replace(/^go/, '');
}

/** Whether version `a` comes before `b`, number by number. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(/[^0-9]+/).map(Number));
  for (let i = 0; i < right!.length; i++) {
    const difference = (left![i] ?? 0) - right![i]!;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Runs `go build -v`, which names every module that it fetches and every package that it compiles. */
async function run(
  go: string,
  args: string[],
  recipe: ServerRecipe,
  env: NodeJS.ProcessEnv,
  onLine: OnLine,
): Promise<void> {
  const started = Date.now();
  let [fetched, compiled, tail] = [0, 0, ''];
  const progress = setInterval(() => {
    const counts = `${fetched} modules fetched, ${compiled} of ${recipe.packages} packages compiled`;
    onLine(`${recipe.title}: ${counts}, ${formatElapsed(Date.now() - started)}`);
  }, PROGRESS_MS);
  try {
    const child = spawn(go, args, { cwd: recipe.module, env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      fetched += text.split('go: downloading ').length - 1;
      compiled += text.split('\n').filter((line) => /^[^\s:]+\/[^\s:]+$|^[a-z]+$/.test(line)).length;
      tail = (tail + text).slice(-4_000);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0)
      throw new Error(`go ${args.slice(0, 2).join(' ')} ended with ${code}: ${lastLines(tail)}`);
  } finally {
    clearInterval(progress);
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ');
}
