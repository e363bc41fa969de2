import { mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { getHFHubCachePath, getRepoFolderName, HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { writeDirectoryManifest } from '../embedder/directory-manifest.ts';
import { QuarryError } from '../failures.ts';
import { cachedModel, heldSnapshot, type PulledModel, Unreachable } from './cached-model.ts';
import { downloadBlob, type HubFile } from './download-blob.ts';
import { endpointOf, type HubAccess, type HubReference, hubReference, isCommit } from './hub-reference.ts';
import { neededFiles, type WantedModel } from './needed-files.ts';

/**
 * Fetches the files that a model is run from into the cache that Hugging Face's own tools use (blobs, snapshots, refs),
 * each checked against the hub's hash, and writes `quarry.json` into the snapshot. What is there already is not fetched.
 * Offline, or where the hub cannot be reached, a branch or tag is the commit that the cache knows it by (`refs/`).
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
  const pinned = isCommit(reference.revision) ? reference.revision : null;
  const held = pinned && (await heldSnapshot(join(storage, 'snapshots', pinned), repository, wanted));
  if (held && pinned) return { directory: held, revision: pinned, fetched: [], bytes: 0 };
  if (access.offline) return cachedModel(reference, wanted, storage, access, 'HF_HUB_OFFLINE is set');
  try {
    return await fetchModel(reference, pinned, wanted, storage, access);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return cachedModel(reference, wanted, storage, access, error);
  }
}

async function fetchModel(
  reference: HubReference,
  pinned: string | null,
  wanted: WantedModel,
  storage: string,
  access: HubAccess,
): Promise<PulledModel> {
  const { repository } = reference;
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
      const url = `${endpointOf(access)}/${repository}/resolve/${revision}/${file.path}`;
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
  return { hubUrl: endpointOf({ endpoint }), ...(token !== undefined && { accessToken: token }) };
}

function explained(error: unknown, reference: HubReference, access: HubAccess): unknown {
  const { token } = access;
  const endpoint = endpointOf(access);
  const what = `model.path ${hubReference(reference)}`;
  if (error instanceof HubApiError) {
    const { statusCode } = error;
    if (statusCode >= 500) return new Unreachable(`it answers ${statusCode}`, error);
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
  if (error instanceof TypeError) return new Unreachable((error.cause as Error).message, error);
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
