import { createHash } from 'node:crypto';
import { BadImage } from '../../images/bad-image.ts';
import { checkImage } from '../../images/decode-image.ts';
import { stopIfAborted } from '../../index/vector-index.ts';
import type { Kernel } from '../kernel.ts';

export interface CheckImagesInput {
  /** Image files. */
  readonly images: readonly Uint8Array[];
  readonly maxPixels: number;
}

/** The hash of an image that can be decoded, or why it cannot. */
export type CheckedImage = { readonly sha256: string } | { readonly sha256: null; readonly reason: string };

/** Hashes images and checks that each can be decoded. Memory: one decoded image. */
export const run: Kernel<CheckImagesInput, readonly CheckedImage[]> = async (
  { images, maxPixels },
  control,
) => {
  const checked: CheckedImage[] = [];
  for (const image of images) {
    stopIfAborted(control);
    checked.push(await check(image, maxPixels));
  }
  return checked;
};

async function check(image: Uint8Array, maxPixels: number): Promise<CheckedImage> {
  try {
    await checkImage(image, maxPixels);
    return { sha256: createHash('sha256').update(image).digest('hex') };
  } catch (error) {
    if (error instanceof BadImage) return { sha256: null, reason: error.reason };
    throw error;
  }
}
