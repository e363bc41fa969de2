import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDirectoryManifest } from '../embedder/directory-manifest.ts';
import { filesOf } from '../embedder/model-directory.ts';
import { QuarryError } from '../failures.ts';
import { endpointOf, type HubAccess, type HubReference, hubReference, isCommit } from './hub-reference.ts';
import { neededFiles, type WantedModel } from './needed-files.ts';

/** A model in the cache of Hugging Face's tools. */
export interface PulledModel {
  readonly directory: string;
  /** The commit that the revision meant. */
  readonly revision: string;
  /** Files fetched now, and bytes of them. */
  readonly fetched: readonly string[];
  readonly bytes: number;
}

/** The hub gives no answer. */
export class Unreachable extends Error {
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** A snapshot with everything that is wanted; null: there is none. */
export async function heldSnapshot(
  directory: string,
  repository: string,
  wanted: WantedModel,
  anybodys = false,
): Promise<string | null> {
  const manifest = await readDirectoryManifest(directory).catch(() => null);
  // Other tools keep parts of a repository in a snapshot: only offline is that as good as it gets.
  if (manifest?.source === undefined && !anybodys) return null;
  const present = await filesOf(directory).catch((): string[] => []);
  if (Object.keys(manifest?.files ?? {}).some((path) => !present.includes(path))) return null;
  try {
    neededFiles(repository, present, wanted);
    return directory;
  } catch {
    return null;
  }
}

/**
 * What the cache holds, without the hub.
 *
 * @param why the hub is not asked, or the failure of asking it
 * @throws QuarryError BadModel where that is not enough
 */
export async function cachedModel(
  reference: HubReference,
  wanted: WantedModel,
  storage: string,
  access: HubAccess,
  why: string | Unreachable,
): Promise<PulledModel> {
  const { repository, revision: asked } = reference;
  const known = isCommit(asked)
    ? asked
    : await readFile(join(storage, 'refs', asked), 'utf8').catch(() => null);
  const revision = known?.trim() ?? null;
  const directory =
    revision && (await heldSnapshot(join(storage, 'snapshots', revision), repository, wanted, true));
  const reason = typeof why === 'string' ? why : `${endpointOf(access)} cannot be reached (${why.reason})`;
  if (!directory || revision === null) {
    const advice = access.offline
      ? 'fetch it while online (quarry model pull)'
      : 'set HF_ENDPOINT to a mirror, or give a local directory';
    throw new QuarryError(
      'BadModel',
      `model.path ${hubReference(reference)}: ${reason}, and ${storage} does not hold what is needed; ${advice}`,
      { cause: why },
    );
  }
  if (!isCommit(asked))
    access.notice?.(`${hubReference(reference)}: ${reason}; the cached commit ${revision} is used`);
  return { directory, revision, fetched: [], bytes: 0 };
}
