import type { Side } from '@quarry/workflows';
import { loadTokens } from './load-tokens.ts';
import { ModelSession } from './model-session.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Content, ModelRow, RowTokens } from './row-tokens.ts';
import { type Batch, ShapedBatches } from './shaped-batches.ts';
import type { Padding } from './token-feeds.ts';
import { TokensAhead } from './tokens-ahead.ts';

/** A model ready to embed: tokenizer, prompt and sessions. Lives in a worker thread. */
export class LoadedModel {
  readonly settings: ModelSettings;
  /** Rows are embedded alone: the model's vectors depend on their batch, as its graph says or a probe has shown. */
  readonly oneRowAtATime: boolean;
  readonly #session: ModelSession;
  readonly #rowTokens: RowTokens;
  #tokensAhead: TokensAhead | null = null;

  static async load(settings: ModelSettings, threads: number): Promise<LoadedModel> {
    const { rowTokens, padId } = await loadTokens(settings);
    const session = await ModelSession.open(settings, padId, threads);
    const alone = settings.oneRowAtATime || (await dependsOnBatch(session, settings, rowTokens));
    return new LoadedModel(settings, session, rowTokens, alone);
  }

  constructor(settings: ModelSettings, session: ModelSession, rowTokens: RowTokens, oneRowAtATime: boolean) {
    this.settings = settings;
    this.#session = session;
    this.#rowTokens = rowTokens;
    this.oneRowAtATime = oneRowAtATime;
  }

  /** @throws QuarryError BadModel where there is an image and the model takes text only */
  tokens(content: Content, side: Side): ModelRow {
    return this.#rowTokens(content, side);
  }

  /** The same for texts, in a thread that is started now and lives as long as the model. */
  tokensAhead(): TokensAhead {
    this.#tokensAhead ??= new TokensAhead(this.settings);
    return this.#tokensAhead;
  }

  batches<Item extends ModelRow>(): ShapedBatches<Item> {
    // Tokens of images come on top of `maxLength`: then the grid goes on as far as the rows do.
    const takesImages = this.settings.kind === 'generator' && this.settings.vision !== null;
    return new ShapedBatches<Item>(takesImages ? Infinity : this.settings.maxLength, this.oneRowAtATime);
  }

  /** Vectors [items, dimension] of one batch, not normalised. Blocks the thread. */
  run({ items, rows, length }: Batch<ModelRow>, padding: Padding = 'right'): Promise<Float32Array> {
    return this.#session.run(items, rows, length, padding);
  }

  async release(): Promise<void> {
    await this.#tokensAhead?.close();
    await this.#session.release();
  }
}

const PROBES = [
  'a short text',
  'another one, a little longer than the first: 1234567890',
  'x',
  'und noch einer',
];

/** Whether a row's bits change with its place and company in a batch of one shape. */
async function dependsOnBatch(
  session: ModelSession,
  { dimension, maxLength, kind }: ModelSettings,
  rowTokens: RowTokens,
): Promise<boolean> {
  // Without a mask an encoder would look at padding.
  if (kind === 'encoder' && !session.signature.inputs.has('attention_mask')) return true;
  const [probe, ...company] = PROBES.map((text) => rowTokens({ text, image: null }, 'document'));
  const length = Math.min(maxLength, Math.max(...[probe!, ...company].map(({ ids }) => ids.length)) + 1);
  const alone = await session.run([probe!], 4, length);
  const together = await session.run([...company, probe!], 4, length);
  const offset = company.length * dimension;
  return alone.some((value, i) => !Object.is(value, together[offset + i]));
}
