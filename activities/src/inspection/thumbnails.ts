import type { RowImage } from '../dataset/row-content.ts';
import { QuarryError } from '../failures.ts';
import { readStoredImage } from '../images/stored-image.ts';
import type { DrawThumbnailsInput } from '../pool/kernels/draw-thumbnails.ts';
import type { StageContext } from '../stages/stage-context.ts';

/** Bytes of all thumbnails of a page; images beyond are named by their paths. */
const MOST_BYTES = 2 * 2 ** 20;
/** Images decoded at once. */
const BATCH = 16;

/** What drawing takes. */
export type Drawing = Pick<StageContext, 'openStore' | 'pool' | 'signal'>;

/**
 * Thumbnails as `data:` URIs, by the image's sha256, drawn in a worker thread. Images that are gone, changed or broken have
 * none, nor have those beyond 2 MiB of thumbnails. Memory: 16 image files at a time.
 *
 * @param root URI of the directory where the paths of images begin
 */
export async function drawThumbnails(
  { openStore, pool, signal }: Drawing,
  root: string,
  images: readonly RowImage[],
): Promise<ReadonlyMap<string, string>> {
  const distinct = [...new Map(images.map((image) => [image.sha256, image])).values()];
  const thumbnails = new Map<string, string>();
  let bytes = 0;
  for (let start = 0; start < distinct.length && bytes < MOST_BYTES; start += BATCH) {
    const some = await Promise.all(
      distinct.slice(start, start + BATCH).map(async (image) => ({
        sha256: image.sha256,
        file: await readStoredImage(openStore, root, image).catch(goneOrChanged),
      })),
    );
    const present = some.flatMap(({ sha256, file }) => (file ? [{ sha256, file }] : []));
    const drawn = await pool.run<DrawThumbnailsInput, readonly (Uint8Array | null)[]>({
      kernel: 'draw-thumbnails',
      input: { images: present.map(({ file }) => file) },
      signal,
    });
    for (const [i, { sha256 }] of present.entries()) {
      const picture = drawn[i];
      if (!picture || bytes + picture.length > MOST_BYTES) continue;
      bytes += picture.length;
      thumbnails.set(sha256, `data:image/webp;base64,${Buffer.from(picture).toString('base64')}`);
    }
  }
  return thumbnails;
}

function goneOrChanged(error: unknown): null {
  if (error instanceof QuarryError) return null;
  throw error;
}
