import { createHash } from 'node:crypto';
import type { Side } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { KernelControl } from '../pool/kernel.ts';
import type { LoadedModel } from './loaded-model.ts';
import { normalise } from './pooling.ts';
import type { ModelRow } from './row-tokens.ts';
import type { Batch } from './shaped-batches.ts';
import type { ShardRow } from './shard-texts.ts';
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
  /** `.npy` uint8 [rows, 32]: sha256 of each row's text. */
  readonly hashes: string;
  readonly rows: number;
}

interface Item extends ModelRow {
  readonly row: number;
  readonly id: string;
}

/**
 * Embeds the rows of one shard, equal texts once, and writes vectors as they come. Memory: one chunk of `texts`, less
 * than a batch of token ids per padded length, one batch of activations, 100 bytes per row for finding equal texts.
 *
 * @throws QuarryError BadModel that names the row where a vector is not finite
 */
export async function embedTexts(
  model: LoadedModel,
  texts: AsyncIterable<readonly Pick<ShardRow, 'id' | 'text'>[]>,
  side: Side,
  target: EmbedTarget,
  control: KernelControl,
): Promise<EmbedFigures> {
  const { dimension } = model.settings;
  const vectors = new VectorFile(target.vectors, '<f4', target.rows, dimension);
  const hashes = new VectorFile(target.hashes, '|u1', target.rows, 32);
  const firstRow = new Map<string, number>();
  const copies: (readonly [from: number, to: number])[] = [];
  const batches = model.batches<Item>();
  let rows = 0;
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

  try {
    for await (const chunk of texts) {
      for (const { id, text } of chunk) {
        const row = rows++;
        const digest = createHash('sha256').update(text).digest();
        hashes.write(row, digest);
        const key = digest.toString('latin1');
        const first = firstRow.get(key);
        if (first !== undefined) {
          copies.push([first, row]);
          continue;
        }
        const tokenRow = model.tokens({ text, image: null }, side);
        firstRow.set(key, row);
        tokens += tokenRow.ids.length;
        truncated += tokenRow.truncated ? 1 : 0;
        const full = batches.add({ row, id, ...tokenRow });
        if (full) await run(full);
      }
    }
    for (const batch of batches.rest()) await run(batch);
    for (const [from, to] of copies) vectors.copy(from, to);
  } finally {
    vectors.close();
    hashes.close();
  }
  if (rows !== target.rows) {
    throw new QuarryError(
      'BadArtefact',
      `a shard of ${target.rows} rows has ${rows} rows in its file; clear the cache`,
    );
  }
  return { rows, tokens, truncated, oneRowAtATime: model.oneRowAtATime };
}

function notFinite({ settings }: LoadedModel, side: Side, { row, id }: Item): QuarryError {
  return new QuarryError(
    'BadModel',
    `${settings.directory}/${settings.graph}: the vector of ${side} ${id} (row ${row} of its shard) is not finite; the export overflows, use one of float32`,
  );
}
