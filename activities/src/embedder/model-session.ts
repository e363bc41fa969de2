import { join } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';
import { type GraphSignature, graphSignature, VECTOR_OUTPUTS } from './graph-signature.ts';
import { tokenGrid } from './image-tokens.ts';
import type { GeneratorSettings, ModelSettings } from './model-settings.ts';
import { openSession } from './open-session.ts';
import { poolRow } from './pooling.ts';
import { ropePositions } from './rope-positions.ts';
import type { ModelRow } from './row-tokens.ts';
import { float32Of, TokenEmbedder } from './token-embedder.ts';
import { emptyPast, type PaddedRows, type Padding, tokenFeed } from './token-feeds.ts';
import { VisionEncoder } from './vision-encoder.ts';

const NO_HEADS = { keyValueHeads: 0, headDimension: 0 };

/** The sessions before the one that gives vectors; null where the model has none. */
interface Front {
  readonly embedder: TokenEmbedder | null;
  readonly vision: VisionEncoder | null;
}

/**
 * The graphs of a model on onnxruntime, fed with rows of tokens and images, giving vectors that are not yet normalised.
 * `run` blocks the thread: only for pool kernels. Memory: the graphs, and one batch with its activations.
 */
export class ModelSession {
  readonly signature: GraphSignature;
  readonly #session: InferenceSession;
  readonly #front: Front;
  readonly #settings: ModelSettings;
  readonly #padId: number;
  readonly #where: string;

  /** @throws QuarryError BadModel where a graph cannot be loaded or has not the inputs and outputs needed */
  static async open(
    settings: ModelSettings,
    padId: number,
    threads: number,
    wanted: readonly string[] = VECTOR_OUTPUTS,
  ): Promise<ModelSession> {
    const path = join(settings.directory, settings.graph);
    const session = await openSession(path, threads, settings.device);
    const signature = graphSignature(session, path, wanted);
    const front =
      signature.embedded === null
        ? { embedder: null, vision: null }
        : await openFront(settings, path, threads);
    return new ModelSession(session, front, signature, settings, padId, path);
  }

  constructor(
    session: InferenceSession,
    front: Front,
    signature: GraphSignature,
    settings: ModelSettings,
    padId: number,
    where: string,
  ) {
    this.signature = signature;
    this.#session = session;
    this.#front = front;
    this.#settings = settings;
    this.#padId = padId;
    this.#where = where;
  }

  /**
   * Vectors [items, dimension] of rows, run as a batch of exactly `rows` x `length`: padding on the right, dummy rows
   * behind.
   */
  async run(
    items: readonly ModelRow[],
    rows: number,
    length: number,
    padding: Padding = 'right',
  ): Promise<Float32Array> {
    const output = await this.output(items, rows, length, padding);
    const vectors = this.#pool(output, items, length);
    output.dispose();
    return vectors;
  }

  /** The output itself, whatever it is; the caller disposes of it. */
  async output(
    items: readonly ModelRow[],
    rows: number,
    length: number,
    padding: Padding = 'right',
  ): Promise<Tensor> {
    const { output } = this.signature;
    return (await this.outputs([output], items, rows, length, padding))[output]!;
  }

  /** Several outputs, by name. */
  async outputs(
    names: readonly string[],
    items: readonly ModelRow[],
    rows: number,
    length: number,
    padding: Padding = 'right',
  ): Promise<Readonly<Record<string, Tensor>>> {
    const batch = this.#padded(items, rows, length, padding);
    const { inputs, past, embedded, positionAxes } = this.signature;
    const feeds: Record<string, Tensor> = {};
    for (const [input, type] of inputs) feeds[input] = tokenFeed(input, type, positionAxes, batch);
    const sizes = this.#settings.kind === 'generator' ? this.#settings : NO_HEADS;
    for (const input of past) feeds[input.name] = emptyPast(input, rows, sizes);
    if (embedded !== null) feeds.inputs_embeds = await this.#embedded(batch, items, embedded);
    return this.#session.run(feeds, names) as Promise<Record<string, Tensor>>;
  }

  async release(): Promise<void> {
    await this.#session.release();
    await this.#front.embedder?.release();
    await this.#front.vision?.release();
  }

  #padded(items: readonly ModelRow[], rows: number, length: number, padding: Padding): PaddedRows {
    const settings = this.#settings;
    const past = settings.kind === 'generator' ? settings.prefix.length : 0;
    const vision = settings.kind === 'generator' ? settings.vision : null;
    const ids = items.map((item) => item.ids);
    const positions =
      this.signature.positionAxes === 1 || vision === null
        ? null
        : items.map(({ ids: row, image }) =>
            ropePositions(row, vision.imageToken.id, image && tokenGrid(image, vision), past),
          );
    return { ids, positions, rows, length, padId: this.#padId, past, padding };
  }

  async #embedded(
    batch: PaddedRows,
    items: readonly ModelRow[],
    type: 'float32' | 'float16',
  ): Promise<Tensor> {
    if (type === 'float16') {
      throw new QuarryError(
        'BadModel',
        `${this.#where}: inputs_embeds is float16; export with float32 inputs and outputs (keep_io_types)`,
      );
    }
    return this.#front.embedder!.embed(batch, items, this.#front.vision);
  }

  #pool(output: Tensor, items: readonly ModelRow[], length: number): Float32Array {
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
    for (const [row, { ids }] of items.entries()) {
      const target = vectors.subarray(row * dimension, (row + 1) * dimension);
      if (this.signature.pooled) target.set(hidden.subarray(row * dimension, (row + 1) * dimension));
      else poolRow(hidden, row * length * dimension, ids.length, pooling, target);
    }
    return vectors;
  }
}

async function openFront(settings: ModelSettings, where: string, threads: number): Promise<Front> {
  const { embedTokens, visionEncoder, vision }: Partial<GeneratorSettings> =
    settings.kind === 'generator' ? settings : {};
  if (!embedTokens) {
    throw new QuarryError(
      'BadModel',
      `${where}: takes inputs_embeds, but there is no embed_tokens*.onnx beside it; a vision-language model is three graphs: embed_tokens, vision_encoder, decoder_model_merged`,
    );
  }
  const path = (name: string): string => join(settings.directory, name);
  return {
    embedder: await TokenEmbedder.open(path(embedTokens), threads, settings.device),
    vision:
      visionEncoder && vision
        ? await VisionEncoder.open(path(visionEncoder), vision, threads, settings.device)
        : null,
  };
}
