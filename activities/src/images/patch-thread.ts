import type { RowImage } from '../dataset/row-content.ts';
import type { ImageSettings } from '../embedder/image-settings.ts';
import { QuarryError } from '../failures.ts';
import { answerRequests } from '../pool/side-thread.ts';
import { openStore } from '../storage/open-store.ts';
import { BadImage } from './bad-image.ts';
import { decodeImage } from './decode-image.ts';
import { patchImage } from './patch-image.ts';
import type { PatchedImage } from './patched-image.ts';
import { readStoredImage } from './stored-image.ts';

/** The entry of a thread that reads, decodes and patches images: see `patch-threads.ts`. */

/** Images in work: one is read and decoded by native threads while another is cut into patches here. */
const AT_ONCE = 2;

export interface PatchRequest {
  readonly image: RowImage;
  readonly root: string;
  readonly settings: ImageSettings;
}

answerRequests<PatchRequest, PatchedImage>(
  patch,
  (patched) => {
    const { buffer } = patched.family === 'qwen2-vl' ? patched.patches : patched.frames;
    return [buffer as ArrayBuffer];
  },
  AT_ONCE,
);

async function patch({ image, root, settings }: PatchRequest): Promise<PatchedImage> {
  const bytes = await readStoredImage(openStore, root, image);
  try {
    // The plan has refused what is too large.
    return patchImage(await decodeImage(bytes, Number.POSITIVE_INFINITY), settings);
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    throw new QuarryError(
      'BadInput',
      `image ${image.path ?? image.sha256}: ${error.reason}, though it could be read when the run was planned`,
      { cause: error },
    );
  }
}
