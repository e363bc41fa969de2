import type { Side } from '@quarry/workflows';
import { contentHash, type RowImage } from '../dataset/row-content.ts';
import { QuarryError } from '../failures.ts';
import type { PatchedImage } from '../images/patched-image.ts';
import type { KernelControl } from '../pool/kernel.ts';
import type { LoadedModel } from './loaded-model.ts';
import { normalise } from './pooling.ts';
import type { ModelRow } from './row-tokens.ts';
import type { Batch } from './shaped-batches.ts';
import type { ShardRow } from './shard-rows.ts';
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

/** A row whose turn has not come, because images are prepared ahead. */
interface Ahead {
  readonly row: number;
  readonly id: string;
  readonly text: string;
  readonly image: PromiseLike<PatchedImage> | null;
}

/** Prepares images elsewhere, at most `ahead` of them before they are wanted. */
export interface ImageSource {
  readonly patch: (image: RowImage) => PromiseLike<PatchedImage>;
  readonly ahead: number;
}

/** Rows that may wait behind an image. */
const ROWS_AHEAD = 4096;

/**
 * Embeds the rows of one shard, equal contents once, and writes vectors as they come. Memory: one chunk of `rows`, less
 * than a batch of token ids (and images) per padded length, the images ahead, one batch of activations, 100 bytes per row
 * for finding equal contents.
 *
 * @param images null where the model takes text only
 * @throws QuarryError BadModel that names the row where a vector is not finite, or that has an image that the model does
 * not take
 */
export async function embedRows(
  model: LoadedModel,
  rows: AsyncIterable<readonly Omit<ShardRow, 'row'>[]>,
  side: Side,
  target: EmbedTarget,
  control: KernelControl,
  images: ImageSource | null = null,
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

  const take = async (): Promise<void> => {
    const { row, id, text, image } = ahead.shift()!;
    if (image) imagesAhead--;
    const content = { text: text === '' ? null : text, image: await image };
    const tokenRow = model.tokens(content, side);
    tokens += tokenRow.ids.length;
    truncated += tokenRow.truncated ? 1 : 0;
    const full = batches.add({ row, id, ...tokenRow });
    if (full) await run(full);
  };

  try {
    for await (const chunk of rows) {
      for (const content of chunk) {
        const { id, text, image } = content;
        const row = count++;
        const digest = contentHash(content);
        hashes.write(row, digest);
        const key = digest.toString('latin1');
        const first = firstRow.get(key);
        if (first !== undefined) {
          copies.push([first, row]);
          continue;
        }
        firstRow.set(key, row);
        if (image && !images) throw takesNoImages(model, side, id);
        ahead.push({ row, id, text, image: image && images!.patch(image) });
        if (image) imagesAhead++;
        const most = images?.ahead ?? 0;
        while (ahead.length > 0 && (imagesAhead === 0 || imagesAhead > most || ahead.length > ROWS_AHEAD)) {
          await take();
        }
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
