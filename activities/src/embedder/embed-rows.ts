import type { Side } from '@quarry/workflows';
import { contentHash, type RowContent, type RowImage } from '../dataset/row-content.ts';
import { QuarryError } from '../failures.ts';
import type { PatchedImage } from '../images/patched-image.ts';
import type { KernelControl } from '../pool/kernel.ts';
import type { LoadedModel } from './loaded-model.ts';
import { normalise } from './pooling.ts';
import type { ModelRow } from './row-tokens.ts';
import type { Batch } from './shaped-batches.ts';
import type { ShardRow } from './shard-rows.ts';
import type { TokenRow } from './tokenizer.ts';
import { VectorFile } from './vector-file.ts';

/** What was embedded; nothing in it depends on when or where. */
export interface EmbedFigures {
  readonly rows: number;
  /** Tokens of distinct contents, without padding. */
  readonly tokens: number;
  /** Rows cut at the model's maximum length. */
  readonly truncated: number;
  readonly oneRowAtATime: boolean;
}

export interface EmbedTarget {
  /** `.npy` float32 [rows, dimension], L2-normalised. */
  readonly vectors: string;
  /** `.npy` uint8 [rows, 32]: content hash of each row. */
  readonly hashes: string;
  readonly rows: number;
}

interface Item extends ModelRow {
  readonly row: number;
  readonly id: string;
}

/** A row whose turn has not come, because images and tokens are prepared ahead. */
interface Ahead {
  readonly row: number;
  readonly id: string;
  readonly image: boolean;
  readonly modelRow: () => Promise<ModelRow>;
}

/** Prepares images elsewhere, at most `ahead` of them before they are wanted. */
export interface ImageSource {
  readonly ask: (image: RowImage) => () => Promise<PatchedImage>;
  readonly ahead: number;
}

/** Tokenises texts elsewhere, at most `ahead` of them before they are wanted. */
export interface TextSource {
  readonly ask: (text: string, side: Side) => () => Promise<TokenRow>;
  readonly ahead: number;
}

/** What prepares rows beside the thread that embeds; null: images are refused, texts are tokenised in between. */
export interface RowSources {
  readonly images: ImageSource | null;
  readonly texts: TextSource | null;
}

/** Rows that may wait behind an image. */
const ROWS_AHEAD = 4096;

/**
 * Embeds the rows of one shard, equal contents once, and writes vectors as they come. Memory: one chunk of `rows`, less
 * than a batch of token ids (and images) per padded length, the images and texts ahead, one batch of activations, 100
 * bytes per row for finding equal contents.
 *
 * @throws QuarryError BadModel that names the row where a vector is not finite, or that has an image that the model does
 * not take
 */
export async function embedRows(
  model: LoadedModel,
  rows: AsyncIterable<readonly Omit<ShardRow, 'row'>[]>,
  side: Side,
  target: EmbedTarget,
  control: KernelControl,
  { images, texts }: RowSources = { images: null, texts: null },
): Promise<EmbedFigures> {
  const { dimension } = model.settings;
  const vectors = new VectorFile(target.vectors, '<f4', target.rows, dimension);
  const hashes = new VectorFile(target.hashes, '|u1', target.rows, 32);
  const firstRow = new Map<string, number>();
  const copies: (readonly [from: number, to: number])[] = [];
  const batches = model.batches<Item>();
  const ahead: Ahead[] = [];
  let imagesAhead = 0;
  let count = 0;
  let done = 0;
  let tokens = 0;
  let truncated = 0;

  const run = async (batch: Batch<Item>): Promise<void> => {
    if (control.aborted) throw new Error('embedding was aborted');
    const output = await model.run(batch);
    for (const [i, item] of batch.items.entries()) {
      const vector = output.subarray(i * dimension, (i + 1) * dimension);
      if (!normalise(vector)) throw notFinite(model, side, item);
      vectors.write(item.row, vector);
    }
    done += batch.items.length;
    control.progress(done, target.rows);
  };

  /** Sets about preparing a row; the result gives it when its turn has come. */
  const prepared = ({ text, image }: RowContent): (() => Promise<ModelRow>) => {
    if (image === null && texts !== null) {
      const asked = texts.ask(text, side);
      return async () => ({ ...(await asked()), image: null });
    }
    const patched = image && images!.ask(image);
    return async () =>
      model.tokens({ text: text === '' ? null : text, image: patched && (await patched()) }, side);
  };

  const take = async (): Promise<void> => {
    const { row, id, image, modelRow } = ahead.shift()!;
    if (image) imagesAhead--;
    const tokenRow = await modelRow();
    tokens += tokenRow.ids.length;
    truncated += tokenRow.truncated ? 1 : 0;
    const full = batches.add({ row, id, ...tokenRow });
    if (full) await run(full);
  };

  const tooMuchAhead = (): boolean =>
    imagesAhead > (images?.ahead ?? 0) || ahead.length > (imagesAhead > 0 ? ROWS_AHEAD : (texts?.ahead ?? 0));

  try {
    for await (const chunk of rows) {
      const digests = chunk.map(contentHash);
      hashes.write(count, Buffer.concat(digests));
      for (const [i, content] of chunk.entries()) {
        const { id, image } = content;
        const row = count++;
        const digest = digests[i]!;
        const key = digest.toString('latin1');
        const first = firstRow.get(key);
        if (first !== undefined) {
          copies.push([first, row]);
          continue;
        }
        firstRow.set(key, row);
        if (image && !images) throw takesNoImages(model, side, id);
        ahead.push({ row, id, image: image !== null, modelRow: prepared(content) });
        if (image) imagesAhead++;
        while (tooMuchAhead()) await take();
      }
    }
    while (ahead.length > 0) await take();
    for (const batch of batches.rest()) await run(batch);
    for (const [from, to] of copies) vectors.copy(from, to);
  } finally {
    vectors.close();
    hashes.close();
  }
  if (count !== target.rows) {
    throw new QuarryError(
      'BadArtefact',
      `a shard of ${target.rows} rows has ${count} rows in its file; clear the cache`,
    );
  }
  return { rows: count, tokens, truncated, oneRowAtATime: model.oneRowAtATime };
}

function takesNoImages({ settings }: LoadedModel, side: Side, id: string): QuarryError {
  return new QuarryError(
    'BadModel',
    `${settings.directory} takes text only, but ${side} ${id} has an image; use a model with a vision encoder, or leave the image columns out of the job`,
  );
}

function notFinite({ settings }: LoadedModel, side: Side, { row, id }: Item): QuarryError {
  return new QuarryError(
    'BadModel',
    `${settings.directory}/${settings.graph}: the vector of ${side} ${id} (row ${row} of its shard) is not finite; the export overflows, use one of float32`,
  );
}
