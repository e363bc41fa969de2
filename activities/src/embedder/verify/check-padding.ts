import { join } from 'node:path';
import { paddedLength } from '../fixed-shapes.ts';
import type { LoadedModel } from '../loaded-model.ts';
import { OnnxFile } from '../onnx/onnx-file.ts';
import type { ModelRow } from '../row-tokens.ts';
import type { Padding } from '../token-feeds.ts';
import { type Check, failed, noted, ok } from './check.ts';
import { PROMPTS } from './prompts.ts';

/** Largest difference between unit vectors of one row that is rounding. */
const ROUNDING = 1e-3;
const ROWS = 8;

/**
 * Which side a graph can be padded on: rows alone and unpadded against the same rows in one padded batch. Quarry pads on
 * the right.
 */
export async function checkPadding(model: LoadedModel, paddingSide: unknown): Promise<Check> {
  const name = 'padding';
  const rows = rowsOf(model);
  const alone = await oneByOne(model, rows);
  const [right, left] = [await padded(model, rows, 'right', alone), await padded(model, rows, 'left', alone)];
  if (model.oneRowAtATime)
    return noted(
      name,
      `none: rows are embedded one at a time; padded on the right they would differ by ${shown(right)}`,
    );
  if (!(right <= ROUNDING)) {
    const last =
      left <= ROUNDING
        ? '; the graph takes the last place whatever last_token_index says'
        : hasGroupQueryAttention(model)
          ? '; it takes the last place whatever last_token_index says, or its GroupQueryAttention is fed wrongly: padded on the left, where GroupQueryAttention is wrong, it is no better. Run quarry model prepare on the original'
          : '';
    return failed(
      name,
      `${model.settings.graph}: padding on the right changes vectors by ${shown(right)}${last}: rows of a batch would depend on its longest one`,
    );
  }
  if (left <= ROUNDING) return ok(name, `either side: right ${shown(right)}, left ${shown(left)}`);
  const configured =
    paddingSide === 'left'
      ? '; tokenizer_config.json says padding_side left, which is wrong for this graph and not followed'
      : '';
  return noted(
    name,
    `right only (${shown(right)}); on the left vectors would differ by ${shown(left)}, as with GroupQueryAttention${configured}`,
  );
}

function hasGroupQueryAttention({ settings }: LoadedModel): boolean {
  const { parts } = OnnxFile.read(join(settings.directory, settings.graph));
  return parts.some((part) => part.kind === 'node' && part.node.operator === 'GroupQueryAttention');
}

/** Whether a row's vector depends on what it is batched with. */
export async function checkBatch(model: LoadedModel): Promise<Check> {
  const name = 'batch';
  const rows = rowsOf(model);
  const others = PROMPTS.slice(1, ROWS).map((text) => model.tokens({ text, image: null }, 'document'));
  const length = paddedLength(longest([...rows, ...others]), Infinity);
  const [probe] = rows;
  const with1 = await model.run({ items: rows, rows: ROWS, length });
  const with2 = await model.run({ items: [...others, probe!], rows: ROWS, length });
  const { dimension } = model.settings;
  const a = with1.subarray(0, dimension);
  const b = with2.subarray((ROWS - 1) * dimension);
  if (a.every((value, i) => Object.is(value, b[i])))
    return ok(name, 'exact: the same bits whatever else is in a batch of one shape');
  const by = difference(a, b);
  return noted(name, `a vector changes by ${shown(by)} with its company: rows are embedded one at a time`);
}

function rowsOf(model: LoadedModel): ModelRow[] {
  return PROMPTS.slice(-ROWS).map((text) => model.tokens({ text, image: null }, 'document'));
}

function longest(rows: readonly ModelRow[]): number {
  return Math.max(...rows.map(({ ids }) => ids.length));
}

async function oneByOne(model: LoadedModel, rows: readonly ModelRow[]): Promise<Float32Array> {
  const { dimension } = model.settings;
  const vectors = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries())
    vectors.set(await model.run({ items: [row], rows: 1, length: row.ids.length }), i * dimension);
  return vectors;
}

async function padded(
  model: LoadedModel,
  rows: readonly ModelRow[],
  side: Padding,
  alone: Float32Array,
): Promise<number> {
  const length = paddedLength(longest(rows) + 4, Infinity);
  return difference(await model.run({ items: rows, rows: rows.length, length }, side), alone);
}

/** Largest difference of two values in the same place; NaN where one is not a number. */
export function difference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => {
    const by = Math.abs(value - b[i]!);
    return Number.isNaN(by) || by > most ? by : most;
  }, 0);
}

export function shown(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}
