import { Worker } from 'node:worker_threads';
import type { RowImage } from '../dataset/row-content.ts';
import type { ImageSettings } from '../embedder/image-settings.ts';
import { fromFailure } from '../pool/messages.ts';
import type { PatchAnswer, PatchRequest } from './patch-thread.ts';
import type { PatchedImage } from './patched-image.ts';

interface Waiting {
  readonly thread: Worker;
  readonly resolve: (image: PatchedImage) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Threads that read, decode and patch images while the thread that owns them embeds: a session's run blocks that one, so
 * that images have to be ready when it comes back. Memory: what is asked for and not yet taken.
 */
export class PatchThreads {
  readonly #count: number;
  /** Started with the first image. */
  readonly #threads: Worker[] = [];
  readonly #root: string;
  readonly #settings: ImageSettings;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  /** @param root URI of the directory where the images' paths begin */
  constructor(threads: number, root: string, settings: ImageSettings) {
    this.#root = root;
    this.#settings = settings;
    this.#count = threads;
  }

  /**
   * The image as the model takes it.
   *
   * @throws QuarryError BadInput where the file was changed or removed since the run was planned
   */
  patch(image: RowImage): Promise<PatchedImage> {
    const number = this.#asked++;
    while (this.#threads.length < this.#count) this.#threads.push(this.#start());
    const thread = this.#threads[number % this.#count]!;
    const patched = new Promise<PatchedImage>((resolve, reject) => {
      this.#waiting.set(number, { thread, resolve, reject });
    });
    // Somebody will await it, but perhaps after a failure of another one.
    patched.catch(() => undefined);
    const request: PatchRequest = { number, image, root: this.#root, settings: this.#settings };
    thread.postMessage(request);
    return patched;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #start(): Worker {
    const thread = new Worker(new URL('./patch-thread.js', import.meta.url), { execArgv: [] });
    thread.on('message', (answer: PatchAnswer) => {
      const waiting = this.#waiting.get(answer.number);
      this.#waiting.delete(answer.number);
      if ('patched' in answer) waiting?.resolve(answer.patched);
      else waiting?.reject(fromFailure(answer.failure));
    });
    let cause: unknown;
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', () => {
      for (const [number, waiting] of this.#waiting) {
        if (waiting.thread !== thread) continue;
        this.#waiting.delete(number);
        waiting.reject(new Error('a thread that patches images ended', { cause }));
      }
    });
    return thread;
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
