import type { RowImage } from '../dataset/row-content.ts';
import type { ImageSettings } from '../embedder/image-settings.ts';
import { SideThread } from '../pool/side-thread.ts';
import type { PatchRequest } from './patch-thread.ts';
import type { PatchedImage } from './patched-image.ts';

/**
 * Threads that read, decode and patch images while the thread that owns them embeds: a session's run blocks that one, so
 * that images have to be ready when it comes back. Memory: what is asked for and not yet taken.
 */
export class PatchThreads {
  readonly #count: number;
  /** Started with the first image. */
  readonly #threads: SideThread<PatchRequest, PatchedImage>[] = [];
  readonly #root: string;
  readonly #settings: ImageSettings;
  #asked = 0;

  /** @param root URI of the directory where the images' paths begin */
  constructor(threads: number, root: string, settings: ImageSettings) {
    this.#root = root;
    this.#settings = settings;
    this.#count = threads;
  }

  /**
   * Asks for an image as the model takes it; what comes back gives it when it is wanted.
   *
   * It rejects with QuarryError BadInput where the file was changed or removed since the run was planned.
   */
  ask(image: RowImage): () => Promise<PatchedImage> {
    while (this.#threads.length < this.#count)
      this.#threads.push(new SideThread(new URL('./patch-thread.js', import.meta.url)));
    const thread = this.#threads[this.#asked++ % this.#count]!;
    const patched = thread.ask({ image, root: this.#root, settings: this.#settings });
    return () => patched;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

/** Bytes of patched images that may wait to be embedded. */
const AHEAD_BYTES = 64 * 2 ** 20;
const MOST_AHEAD = 32;
const FEWEST_AHEAD = 4;

/** Images that may be asked for ahead of the row that is embedded: 64 MiB of the largest, at least 4. */
export function imagesAhead(settings: ImageSettings): number {
  const values =
    settings.family === 'qwen2-vl'
      ? settings.maxPixels * 3 * settings.temporalPatchSize
      : framesOf(settings) * 3 * settings.size ** 2;
  return Math.min(MOST_AHEAD, Math.max(FEWEST_AHEAD, Math.floor(AHEAD_BYTES / (4 * values))));
}

function framesOf({ longestEdge, size, split }: Extract<ImageSettings, { family: 'idefics3' }>): number {
  return split ? Math.ceil(longestEdge / size) ** 2 + 1 : 1;
}
