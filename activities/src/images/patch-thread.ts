import { parentPort } from 'node:worker_threads';
import type { RowImage } from '../dataset/row-content.ts';
import type { ImageSettings } from '../embedder/image-settings.ts';
import { QuarryError } from '../failures.ts';
import { type Failure, toFailure } from '../pool/messages.ts';
import { openStore } from '../storage/open-store.ts';
import { BadImage } from './bad-image.ts';
import { decodeImage } from './decode-image.ts';
import { patchImage } from './patch-image.ts';
import type { PatchedImage } from './patched-image.ts';
import { readStoredImage } from './stored-image.ts';

/** The entry of a thread that reads, decodes and patches images, one at a time: see `patch-threads.ts`. */

export interface PatchRequest {
  readonly number: number;
  readonly image: RowImage;
  readonly root: string;
  readonly settings: ImageSettings;
}

export type PatchAnswer =
  | { readonly number: number; readonly patched: PatchedImage }
  | { readonly number: number; readonly failure: Failure };

const port = parentPort!;
let turn: Promise<void> = Promise.resolve();

port.on('message', (request: PatchRequest) => {
  turn = turn.then(() => answer(request));
});

async function answer({ number, image, root, settings }: PatchRequest): Promise<void> {
  try {
    const patched = await patch(image, root, settings);
    const { buffer } = patched.family === 'qwen2-vl' ? patched.patches : patched.frames;
    port.postMessage({ number, patched } satisfies PatchAnswer, [buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({ number, failure: toFailure(error) } satisfies PatchAnswer);
  }
}

async function patch(image: RowImage, root: string, settings: ImageSettings): Promise<PatchedImage> {
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
