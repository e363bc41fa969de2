import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerSettings } from './settings.ts';

/** The servers that Quarry can bring along. */
export type ServerName = 'temporal' | 's3';

/** How a server is obtained, as pinned in `workers/servers/servers.json`. */
export interface ServerRecipe {
  readonly name: ServerName;
  readonly title: string;
  readonly version: string;
  /** File name of the executable, on the PATH and in the cache. */
  readonly binary: string;
  /** The oldest Go that builds it. */
  readonly go: string;
  /** Arguments of `go build`. */
  readonly build: readonly string[];
  /** How many packages a build compiles: only for showing progress. */
  readonly packages: number;
  /** Archive of the official build, with `{platform}` and `{arch}`. */
  readonly download?: string;
  /** Folder of the pinned Go module. */
  readonly module: string;
  /** Names this build: hash of go.mod, go.sum, the arguments and the platform. */
  readonly key: string;
}

/** `workers/servers`, seen from `src/servers` and from `dist/servers` alike. */
const folder = fileURLToPath(new URL('../../servers/', import.meta.url));

/** Reads the recipe of a server; `infra/setup.mjs` computes the same key. */
export function serverRecipe(name: ServerName): ServerRecipe {
  const recipes = JSON.parse(readFileSync(join(folder, 'servers.json'), 'utf8'));
  const module = join(folder, name);
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(module, file)));
  hash.update(JSON.stringify([recipes[name].build, process.platform, process.arch]));
  return { ...recipes[name], name, module, key: hash.digest('hex').slice(0, 12) };
}

/** Where the cache keeps the executable of a recipe. */
export function cachedBinary(recipe: ServerRecipe, settings: ServerSettings): string {
  return join(settings.cache, 'servers', `${recipe.name}-${recipe.key}`, recipe.binary);
}
