import { createHash } from 'node:crypto';
import { imageUri } from '../dataset/image-uri.ts';
import type { RowImage } from '../dataset/row-content.ts';
import { QuarryError } from '../failures.ts';
import type { Store } from '../storage/store.ts';

/**
 * The bytes of an image that a plan refers to, checked against what was planned.
 *
 * @param root URI of the directory where paths begin
 * @throws QuarryError BadInput where the file is gone or was changed since
 */
export async function readStoredImage(
  openStore: (uri: string) => Store,
  root: string,
  { path, sha256, bytes }: RowImage,
): Promise<Uint8Array> {
  if (bytes) return bytes;
  const uri = path === null ? null : imageUri(root, path);
  const found = uri === null ? null : await openStore(uri).readIfPresent(uri);
  if (!found)
    throw new QuarryError(
      'BadInput',
      `image ${uri ?? path} is gone since the run was planned; put it back or start the job again`,
    );
  if (createHash('sha256').update(found).digest('hex') === sha256) return found;
  throw new QuarryError(
    'BadInput',
    `image ${uri} was changed since the run was planned; start the job again`,
  );
}
