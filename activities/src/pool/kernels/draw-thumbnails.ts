import sharp from 'sharp';
import { stopIfAborted } from '../../index/vector-index.ts';
import type { Kernel } from '../kernel.ts';

export interface DrawThumbnailsInput {
  /** Image files. */
  readonly images: readonly Uint8Array[];
}

/** Longest side, in pixels: twice what a page shows, for dense screens. */
const SIDE = 192;
/** Pixels of an image at most; larger ones are left out. */
const MOST_PIXELS = 2 ** 26;

/** A small WebP of each image, 2 to 6 kB; null where it cannot be decoded. Memory: one decoded image. */
export const run: Kernel<DrawThumbnailsInput, readonly (Uint8Array | null)[]> = async (
  { images },
  control,
) => {
  const drawn: (Uint8Array | null)[] = [];
  for (const image of images) {
    stopIfAborted(control);
    drawn.push(
      await sharp(image, { limitInputPixels: MOST_PIXELS })
        .rotate()
        .resize({ width: SIDE, height: SIDE, fit: 'inside', withoutEnlargement: true })
        .flatten({ background: '#ffffff' })
        .webp({ quality: 62 })
        .toBuffer()
        .then((bytes) => new Uint8Array(bytes))
        .catch(() => null),
    );
    control.progress(drawn.length, images.length);
  }
  return drawn;
};
