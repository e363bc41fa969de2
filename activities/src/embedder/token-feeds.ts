import { Tensor } from 'onnxruntime-node';
import type { InputName, PastInput } from './graph-signature.ts';

/** Rows of one batch, all padded to one length on the right; dummy rows fill up. */
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
}

/** The tensor for one of the graph's integer inputs. */
export function tokenFeed(name: InputName, type: 'int64' | 'int32', axes: 1 | 3, batch: PaddedRows): Tensor {
  const { ids, rows, length, padId, past, positions } = batch;
  if (name === 'last_token_index') {
    return integers(type, [rows], (row) => Math.max(0, (ids[row]?.length ?? 1) - 1));
  }
  if (name === 'attention_mask') {
    // A dummy row sees its first token: a row that sees nothing would give NaN.
    return integers(type, [rows, past + length], (at) => {
      const tokens = past + (ids[Math.floor(at / (past + length))]?.length ?? 1);
      return at % (past + length) < tokens ? 1 : 0;
    });
  }
  if (name === 'input_ids') {
    return integers(type, [rows, length], (at) => ids[Math.floor(at / length)]?.[at % length] ?? padId);
  }
  if (name === 'token_type_ids') return integers(type, [rows, length], () => 0);
  if (axes === 1) return integers(type, [rows, length], (at) => past + (at % length));
  return integers(type, [3, rows, length], (at) => {
    const axis = Math.floor(at / (rows * length));
    const row = Math.floor(at / length) % rows;
    return positions?.[row]?.[axis]?.[at % length] ?? past + (at % length);
  });
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
