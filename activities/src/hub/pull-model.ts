import { mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { getHFHubCachePath, getRepoFolderName, HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { readDirectoryManifest, writeDirectoryManifest } from '../embedder/directory-manifest.ts';
import { filesOf } from '../embedder/model-directory.ts';
import { QuarryError } from '../failures.ts';
import { downloadBlob, type HubFile } from './download-blob.ts';
import { type HubAccess, type HubReference, hubReference } from './hub-reference.ts';
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

const HUB = 'https://huggingface.co';
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Fetches the files that a model is run from into the cache that Hugging Face's own tools use (blobs, snapshots, refs),
 * each checked against the hub's hash, and writes `quarry.json` into the snapshot. What is there already is not fetched.
 *
 * @throws QuarryError BadModel where the repository, the revision or a fitting graph is not there, or access is refused
 */
export async function pullModel(
  reference: HubReference,
  wanted: WantedModel,
  access: HubAccess,
): Promise<PulledModel> {
  const { repository } = reference;
  const storage = join(
    access.cache ?? getHFHubCachePath(),
    getRepoFolderName({ type: 'model', name: repository }),
  );
  const pinned = COMMIT.test(reference.revision) ? reference.revision : null;
  const held = pinned && (await heldSnapshot(join(storage, 'snapshots', pinned), repository, wanted));
  if (held && pinned) return { directory: held, revision: pinned, fetched: [], bytes: 0 };
  const revision = pinned ?? (await commitOf(reference, access));
  const files = await filesOnHub({ repository, revision }, access);
  const needed = new Set(
    neededFiles(
      hubReference({ repository, revision }),
      files.map(({ path }) => path),
      wanted,
    ),
  );
  const directory = join(storage, 'snapshots', revision);
  const fetched: string[] = [];
  let bytes = 0;
  for (const file of files) {
    if (!needed.has(file.path)) continue;
    const pointer = join(directory, file.path);
    if (await stat(pointer).catch(() => null)) continue;
    const blob = join(storage, 'blobs', file.lfs?.oid ?? file.oid);
    if (!(await stat(blob).catch(() => null))) {
      const url = `${access.endpoint ?? HUB}/${repository}/resolve/${revision}/${file.path}`;
      await downloadBlob(url, access.token, file, blob);
      fetched.push(file.path);
      bytes += file.size;
    }
    await mkdir(dirname(pointer), { recursive: true });
    await symlink(relative(dirname(pointer), blob), pointer).catch(ignoreExisting);
  }
  if (pinned === null) await writeReference(join(storage, 'refs', reference.revision), revision);
  await writeDirectoryManifest(directory, {
    name: repository,
    kind: wanted.kind,
    source: { repository, revision },
  });
  return { directory, revision, fetched, bytes };
}

/** A snapshot with everything that is wanted; null: there is none. */
async function heldSnapshot(
  directory: string,
  repository: string,
  wanted: WantedModel,
): Promise<string | null> {
  const manifest = await readDirectoryManifest(directory).catch(() => null);
  if (manifest?.source === undefined) return null;
  const present = await filesOf(directory);
  if (Object.keys(manifest.files).some((path) => !present.includes(path))) return null;
  try {
    neededFiles(repository, present, wanted);
    return directory;
  } catch {
    return null;
  }
}

async function commitOf(reference: HubReference, access: HubAccess): Promise<string> {
  const { repository, revision } = reference;
  try {
    const info = await modelInfo({
      name: repository,
      revision,
      additionalFields: ['sha'],
      ...parameters(access),
    });
    return info.sha;
  } catch (error) {
    throw explained(error, reference, access);
  }
}

async function filesOnHub(reference: HubReference, access: HubAccess): Promise<HubFile[]> {
  const { repository, revision } = reference;
  const files: HubFile[] = [];
  try {
    for await (const { type, path, size, oid, lfs } of listFiles({
      repo: repository,
      revision,
      recursive: true,
      ...parameters(access),
    })) {
      if (type !== 'file' || oid === undefined) continue;
      if (path.startsWith('/') || path.split(/[\\/]/).includes('..'))
        throw new QuarryError(
          'BadModel',
          `${hubReference(reference)}: the path ${path} leaves the repository; it is not fetched`,
        );
      files.push({ path, size, oid, lfs });
    }
  } catch (error) {
    throw explained(error, reference, access);
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function parameters({ endpoint, token }: HubAccess) {
  return { hubUrl: endpoint ?? HUB, ...(token !== undefined && { accessToken: token }) };
}

function explained(error: unknown, reference: HubReference, { endpoint = HUB, token }: HubAccess): unknown {
  const what = `model.path ${hubReference(reference)}`;
  if (error instanceof HubApiError) {
    const { statusCode } = error;
    const advice =
      statusCode === 401 || statusCode === 403
        ? token === undefined
          ? 'access is refused: it is private or gated, or not there; set HF_TOKEN to a token that may read it'
          : 'HF_TOKEN may not read it: accept its terms on the hub, or use another token'
        : statusCode === 404
          ? 'there is no such repository or revision'
          : error.message;
    return new QuarryError('BadModel', `${what}: ${endpoint} answers ${statusCode}: ${advice}`, {
      cause: error,
    });
  }
  if (error instanceof TypeError && error.cause === undefined)
    return new QuarryError('BadModel', `HF_TOKEN: ${error.message}`, { cause: error });
  if (error instanceof TypeError) {
    const reason = (error.cause as Error).message;
    return new QuarryError(
      'BadModel',
      `${what}: ${endpoint} cannot be reached (${reason}); set HF_ENDPOINT to a mirror, or give a local directory`,
      { cause: error },
    );
  }
  return error;
}

async function writeReference(path: string, revision: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => '')) === revision) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, revision);
  await rename(`${path}.${process.pid}`, path);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
