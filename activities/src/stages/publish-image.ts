import { fileURLToPath } from 'node:url';
import { imageRootOf, imageUri } from '../dataset/image-uri.ts';
import type { RowImage } from '../dataset/row-content.ts';
import { readStoredImage } from '../images/stored-image.ts';
import type { PublishedImage } from '../tables/spooled-images.ts';
import type { RunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';

/** How an image of the plan stands in a table, and what reading the table back must show. */
export interface ImagePublisher {
  readonly publish: (image: RowImage) => Promise<PublishedImage>;
  /** sha256 (hex) of the published bytes, null where none are; and the path. */
  readonly expected: (
    image: Omit<RowImage, 'bytes'> & { readonly stored: boolean },
  ) => readonly [string | null, string | null];
}

/**
 * `output.images: embed`: the file's bytes, and the path as the input names it. `path`: where the file lies (an absolute
 * path, or an `s3:` URI), without bytes; an image that came as bytes has no file and keeps them.
 */
export function publisher(context: StageContext, { job }: RunDocument): ImagePublisher {
  const root = imageRootOf(job.input);
  const embed = job.output.images === 'embed';
  const placeOf = (path: string): string => {
    const uri = imageUri(root, path)!;
    return uri.startsWith('file:') ? fileURLToPath(uri) : uri;
  };
  return {
    publish: async (image) => {
      const { path, bytes } = image;
      if (embed || bytes) return { path, bytes: await readStoredImage(context.openStore, root, image) };
      return { path: placeOf(path!), bytes: null };
    },
    expected: ({ path, sha256, stored }) => {
      if (embed || stored) return [sha256, path];
      return [null, placeOf(path!)];
    },
  };
}
