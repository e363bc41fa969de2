import { Tensor } from 'onnxruntime-node';
import type { InputName, PastInput } from './graph-signature.ts';

export type Padding = 'right' | 'left';

/** Rows of one batch, all padded to one length; dummy rows fill up. */
export interface PaddedRows {
  /** Token ids, unpadded. */
  readonly ids: readonly (readonly number[])[];
  /** Three axes of positions a row; null: they count from `past`. */
  readonly positions: readonly (readonly Int32Array[])[] | null;
  readonly rows: number;
  readonly length: number;
  readonly padId: number;
  /** Tokens baked into the graph before every row. */
  readonly past: number;
  /** `left` only for finding out what a graph does with it. */
  readonly padding: Padding;
}

/** The tensor for one of the graph's integer inputs. */
export function tokenFeed(name: InputName, type: 'int64' | 'int32', axes: 1 | 3, batch: PaddedRows): Tensor {
  const { ids, rows, length, padId, past, positions } = batch;
  // A dummy row is one token: a row that sees nothing would give NaN.
  const tokensOf = (row: number): number => Math.max(1, ids[row]?.length ?? 1);
  /** Which of its row's tokens stands at a place; negative, or beyond the last: padding. */
  const token = (at: number): number => (at % length) - firstToken(batch, Math.floor(at / length) % rows);
  if (name === 'num_logits_to_keep') return integers(type, [], () => 0);
  if (name === 'last_token_index') {
    return integers(type, [rows], (row) => firstToken(batch, row) + tokensOf(row) - 1);
  }
  if (name === 'attention_mask') {
    return integers(type, [rows, past + length], (at) => {
      const row = Math.floor(at / (past + length));
      const place = (at % (past + length)) - past;
      if (place < 0) return 1;
      const i = place - firstToken(batch, row);
      return i >= 0 && i < tokensOf(row) ? 1 : 0;
    });
  }
  if (name === 'input_ids') {
    return integers(type, [rows, length], (at) => ids[Math.floor(at / length)]?.[token(at)] ?? padId);
  }
  if (name === 'token_type_ids') return integers(type, [rows, length], () => 0);
  if (axes === 1) return integers(type, [rows, length], (at) => past + Math.max(0, token(at)));
  return integers(type, [3, rows, length], (at) => {
    const axis = Math.floor(at / (rows * length));
    const row = Math.floor(at / length) % rows;
    return positions?.[row]?.[axis]?.[token(at)] ?? past + Math.max(0, token(at));
  });
}

/** The place of a row's first token. */
export function firstToken({ ids, length, padding }: PaddedRows, row: number): number {
  return padding === 'right' ? 0 : length - Math.max(1, ids[row]?.length ?? 1);
}

/** Keys and values of no earlier token; the sizes are the model's, where the graph leaves them open. */
export function emptyPast(
  { type, heads, headDimension }: PastInput,
  rows: number,
  model: { readonly keyValueHeads: number; readonly headDimension: number },
): Tensor {
  const shape = [rows, heads ?? model.keyValueHeads, 0, headDimension ?? model.headDimension];
  return type === 'float32'
    ? new Tensor('float32', new Float32Array(0), shape)
    : new Tensor('float16', new Uint16Array(0), shape);
}

/** Values are below 2^31 and not negative: the low words of the (little-endian) int64 are enough, and fast. */
function integers(type: 'int64' | 'int32', shape: readonly number[], value: (at: number) => number): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = type === 'int64' ? new BigInt64Array(size) : new Int32Array(size);
  const words = new Int32Array(data.buffer);
  const stride = type === 'int64' ? 2 : 1;
  for (let at = 0; at < size; at++) words[at * stride] = value(at);
  return data instanceof BigInt64Array ? new Tensor('int64', data, shape) : new Tensor('int32', data, shape);
}
