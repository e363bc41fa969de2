import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { step } from './step.mjs';

const FOLDER = 'workers/servers';
const REACH_MS = 2_000;

/**
 * A server as `workers/servers/servers.json` pins it, where it is at hand already, and its place in the
 * cache: the same key as in `workers/src/servers/recipe.ts`, which is not compiled yet when setup starts.
 */
export function findServer(name) {
  const recipe = JSON.parse(readFileSync(join(FOLDER, 'servers.json'), 'utf8'))[name];
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(FOLDER, name, file)));
  hash.update(JSON.stringify([recipe.build, process.platform, process.arch]));
  const cache = resolve(process.env.QUARRY_CACHE || join(homedir(), '.cache', 'quarry'));
  const cached = join(cache, 'servers', `${name}-${hash.digest('hex').slice(0, 12)}`, recipe.binary);
  let atHand;
  if (isExecutable(cached)) atHand = 'in the cache';
  if (onPath(recipe.binary)) atHand = 'on the PATH';
  if (name === 'temporal' && process.env.TEMPORAL_ADDRESS) atHand = 'TEMPORAL_ADDRESS';
  return { ...recipe, name, cached, atHand };
}

/** Whether the makers' site, from which `workers/src/servers` then downloads, is in reach. */
export async function downloadReachable(server) {
  if (server.download === undefined) return false;
  return fetch(new URL(server.download).origin, {
    method: 'HEAD',
    signal: AbortSignal.timeout(REACH_MS),
  }).then(
    () => true,
    () => false,
  );
}

/** The version of Go on the PATH; `undefined` where there is none. */
export function goVersion() {
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', env: goEnv() });
  return status === 0 ? stdout.trim().replace(/^go/, '') : undefined;
}

/** Builds a server into its place in the cache, as `workers/src/servers/build-binary.ts` would. */
export async function buildServer(server) {
  const place = dirname(server.cached);
  mkdirSync(dirname(place), { recursive: true });
  const draft = mkdtempSync(`${place}.`);
  let compiled = 0;
  try {
    await step(
      `${server.title}: Go build`,
      'go',
      ['build', '-v', ...server.build, '-o', join(draft, server.binary), 'tool'],
      {
        cwd: join(FOLDER, server.name),
        env: goEnv(),
        onOutput: (text) => {
          compiled += text.split('\n').filter((line) => line !== '' && !line.startsWith('go: ')).length;
        },
        progress: () => `${compiled} of ${server.packages} packages compiled, `,
      },
    );
    if (!isExecutable(server.cached)) renameSync(draft, place);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function goEnv() {
  return { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' };
}

/** Whether a command is on the PATH. */
export function onPath(command) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
