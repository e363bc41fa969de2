import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';
import type { Device } from './device.ts';
import { float16ToFloat32 } from './float16.ts';
import { openSession } from './open-session.ts';
import type { ModelRow } from './row-tokens.ts';
import { firstToken, type PaddedRows, tokenFeed } from './token-feeds.ts';
import type { VisionEncoder } from './vision-encoder.ts';

/** The first two sessions of a vision-language triple: ids and images in, embedded tokens out. */
export class TokenEmbedder {
  readonly #session: InferenceSession;
  readonly #path: string;

  static async open(path: string, threads: number, device: Device): Promise<TokenEmbedder> {
    return new TokenEmbedder(await openSession(path, threads, device), path);
  }

  constructor(session: InferenceSession, path: string) {
    this.#session = session;
    this.#path = path;
  }

  /**
   * Embedded tokens of a batch, float32 [rows, length, hidden]; where a row has an image, its features stand in the places
   * of the image tokens.
   */
  async embed(batch: PaddedRows, items: readonly ModelRow[], vision: VisionEncoder | null): Promise<Tensor> {
    const embedded = (await this.#session.run(this.#feeds(batch, vision)))[this.#session.outputNames[0]!]!;
    const data = float32Of(embedded, this.#path);
    const hidden = embedded.dims.at(-1)!;
    for (const [row, { ids, image }] of items.entries()) {
      if (image === null || vision === null) continue;
      const features = await vision.features(image, hidden);
      let next = 0;
      for (const [i, id] of ids.entries()) {
        if (id !== vision.imageToken) continue;
        data.set(
          features.subarray(next, next + hidden),
          (row * batch.length + firstToken(batch, row) + i) * hidden,
        );
        next += hidden;
      }
      if (next !== features.length) {
        throw new QuarryError(
          'BadModel',
          `${this.#path}: an image has ${features.length / hidden} features but ${next / hidden} tokens; preprocessor_config.json and vision_encoder do not belong together`,
        );
      }
    }
    return new Tensor('float32', data, embedded.dims);
  }

  #feeds(batch: PaddedRows, vision: VisionEncoder | null): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const input of this.#session.inputMetadata) {
      if (!input.isTensor) continue;
      if (input.name === 'input_ids' && (input.type === 'int64' || input.type === 'int32')) {
        feeds[input.name] = tokenFeed('input_ids', input.type, 1, batch);
      } else if (input.name === 'image_features' && input.type === 'float32') {
        // Some exporters place the features in this graph: given zeros for all, ours take their places afterwards.
        const tokens = batch.ids.flat().filter((id) => id === vision?.imageToken).length;
        const hidden = Number(input.shape.at(-1));
        const rows = Math.max(1, tokens);
        feeds[input.name] = new Tensor('float32', new Float32Array(rows * hidden), [rows, hidden]);
      }
    }
    return feeds;
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/** The values of an output, as float32. */
export function float32Of(tensor: Tensor, where: string): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  if (tensor.type === 'float16' && data instanceof Uint16Array) return float16ToFloat32(data);
  throw new QuarryError('BadModel', `${where}: output of type ${tensor.type}; float32 or float16 is needed`);
}
