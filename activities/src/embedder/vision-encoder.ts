import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';
import type { PatchedImage } from '../images/patched-image.ts';
import type { Device } from './device.ts';
import { openSession } from './open-session.ts';
import { float32Of } from './token-embedder.ts';
import type { VisionSettings } from './vision-settings.ts';

/**
 * The vision encoder of a triple. One image at a time, so that its features depend on it alone, and images of any size
 * need no padding.
 */
export class VisionEncoder {
  /** The id whose places the features take. */
  readonly imageToken: number;
  readonly #session: InferenceSession;
  readonly #path: string;

  static async open(
    path: string,
    settings: VisionSettings,
    threads: number,
    device: Device,
  ): Promise<VisionEncoder> {
    return new VisionEncoder(await openSession(path, threads, device), path, settings);
  }

  constructor(session: InferenceSession, path: string, settings: VisionSettings) {
    this.imageToken = settings.imageToken.id;
    this.#session = session;
    this.#path = path;
    const known = /^(pixel_values|pixel_attention_mask|(image_)?grid_thw)$/;
    const strange = session.inputNames.find((name) => !known.test(name));
    if (strange !== undefined || !session.inputNames.includes('pixel_values')) {
      throw new QuarryError(
        'BadModel',
        `${path}: inputs ${session.inputNames.join(', ')}; expected pixel_values with grid_thw, image_grid_thw or pixel_attention_mask`,
      );
    }
  }

  /** Features of one image, float32 [tokens, hidden], row by row. */
  async features(image: PatchedImage, hidden: number): Promise<Float32Array> {
    const outputs = await this.#session.run(this.#feeds(image));
    const output = outputs.image_features ?? outputs[this.#session.outputNames[0]!]!;
    if (output.dims.at(-1) !== hidden) {
      throw new QuarryError(
        'BadModel',
        `${this.#path}: ${this.#session.outputNames[0]} has shape ${output.dims.join(' x ')}, but embed_tokens gives ${hidden} values a token; the graphs do not belong together`,
      );
    }
    return float32Of(output, this.#path);
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #feeds(image: PatchedImage): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    if (image.family === 'qwen2-vl') {
      const patches = image.grid[0] * image.grid[1] * image.grid[2];
      feeds.pixel_values = new Tensor('float32', image.patches, [patches, image.patches.length / patches]);
      const grid = this.#session.inputNames.find((name) => name.endsWith('grid_thw'));
      if (grid) feeds[grid] = new Tensor('int64', BigInt64Array.from(image.grid, BigInt), [1, 3]);
      return feeds;
    }
    const { size, frames } = image;
    const count = frames.length / (3 * size * size);
    feeds.pixel_values = new Tensor('float32', frames, [1, count, 3, size, size]);
    if (this.#session.inputNames.includes('pixel_attention_mask')) {
      const seen = new Uint8Array(count * size * size).fill(1);
      feeds.pixel_attention_mask = new Tensor('bool', seen, [1, count, size, size]);
    }
    return feeds;
  }
}
