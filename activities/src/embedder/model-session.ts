import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';
import { float16ToFloat32 } from './float16.ts';
import { type GraphSignature, graphSignature, type InputName } from './graph-signature.ts';
import type { ModelSettings } from './model-settings.ts';
import { poolRow } from './pooling.ts';

/**
 * One ONNX graph on onnxruntime (CPU), fed with token ids, giving pooled vectors that are not yet normalised. `run`
 * blocks the thread: only for pool kernels. Memory: the graph, and one batch with its activations.
 */
export class ModelSession {
  readonly signature: GraphSignature;
  readonly #session: InferenceSession;
  readonly #settings: ModelSettings;
  readonly #padId: number;
  readonly #where: string;

  /** @throws QuarryError BadModel where the graph cannot be loaded or has not the inputs and outputs needed */
  static async open(settings: ModelSettings, padId: number, threads: number): Promise<ModelSession> {
    const path = join(settings.directory, settings.graph);
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(path, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
    } catch (cause) {
      throw new QuarryError('BadModel', `${path}: onnxruntime cannot load it: ${(cause as Error).message}`, {
        cause,
      });
    }
    return new ModelSession(session, settings, padId, path);
  }

  constructor(session: InferenceSession, settings: ModelSettings, padId: number, where: string) {
    this.signature = graphSignature(session, where);
    this.#session = session;
    this.#settings = settings;
    this.#padId = padId;
    this.#where = where;
  }

  /**
   * Vectors [items, dimension] of rows of token ids, run as a batch of exactly `rows` x `length`: padding on the right,
   * dummy rows behind.
   */
  async run(items: readonly (readonly number[])[], rows: number, length: number): Promise<Float32Array> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, type] of this.signature.inputs)
      feeds[name] = this.#tensor(name, type, items, rows, length);
    const outputs = await this.#session.run(feeds, [this.signature.output]);
    const output = outputs[this.signature.output]!;
    const vectors = this.#pool(output, items, length);
    output.dispose();
    return vectors;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #tensor(
    name: InputName,
    type: 'int64' | 'int32',
    items: readonly (readonly number[])[],
    rows: number,
    length: number,
  ): Tensor {
    const data = type === 'int64' ? new BigInt64Array(rows * length) : new Int32Array(rows * length);
    // Ids are below 2^31 and not negative: writing the low words of the (little-endian) int64 is enough, and fast.
    const words = new Int32Array(data.buffer);
    const stride = type === 'int64' ? 2 : 1;
    for (let row = 0; row < rows; row++) {
      const ids = items[row] ?? [this.#padId];
      for (let i = 0; i < length; i++) {
        const at = (row * length + i) * stride;
        if (name === 'input_ids') words[at] = ids[i] ?? this.#padId;
        else if (name === 'attention_mask') words[at] = i < ids.length ? 1 : 0;
        else if (name === 'position_ids') words[at] = i;
      }
    }
    return data instanceof BigInt64Array
      ? new Tensor('int64', data, [rows, length])
      : new Tensor('int32', data, [rows, length]);
  }

  #pool(output: Tensor, items: readonly (readonly number[])[], length: number): Float32Array {
    const { dimension, pooling } = this.#settings;
    const size = output.dims.at(-1);
    if (size !== dimension || output.dims.length !== (this.signature.pooled ? 2 : 3)) {
      throw new QuarryError(
        'BadModel',
        `${this.#where}: ${this.signature.output} has shape ${output.dims.join(' x ')}, but config.json says hidden_size ${dimension}`,
      );
    }
    const hidden = float32Of(output, this.#where);
    const vectors = new Float32Array(items.length * dimension);
    for (const [row, ids] of items.entries()) {
      const target = vectors.subarray(row * dimension, (row + 1) * dimension);
      if (this.signature.pooled) target.set(hidden.subarray(row * dimension, (row + 1) * dimension));
      else poolRow(hidden, row * length * dimension, ids.length, pooling, target);
    }
    return vectors;
  }
}

function float32Of(tensor: Tensor, where: string): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  if (tensor.type === 'float16' && data instanceof Uint16Array) return float16ToFloat32(data);
  throw new QuarryError('BadModel', `${where}: output of type ${tensor.type}; float32 or float16 is needed`);
}
