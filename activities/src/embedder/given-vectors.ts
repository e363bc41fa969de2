import { QuarryError } from '../failures.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import { decodeNpyHeader, type NpyHeader } from '../tables/npy.ts';
import { float16ToFloat32 } from './float16.ts';

const HEADER_BYTES = 1024;
/** Rows apart by no more are read in one range. */
const GAP_BYTES = 256 << 10;
const RANGE_BYTES = 8 << 20;

/** Header of a `.npy` file of given vectors, checked. */
export interface GivenVectors extends NpyHeader {
  readonly uri: string;
  readonly rows: number;
  readonly dimension: number;
  readonly bytesPerElement: 2 | 4;
}

/**
 * @throws QuarryError BadVectors where the file is missing, cut off, not two-dimensional, or neither float16 nor float32
 */
export async function openGivenVectors(context: Dependencies, uri: string): Promise<GivenVectors> {
  const store = context.openStore(uri);
  const size = await store.size(uri);
  if (size === null) throw new QuarryError('BadVectors', `${uri} is not there; give a .npy file of vectors`);
  const header = decodeNpyHeader(await store.readRange(uri, 0, Math.min(size, HEADER_BYTES)), uri);
  const { dtype, shape, offset } = header;
  if (dtype !== '<f2' && dtype !== '<f4') {
    throw new QuarryError('BadVectors', `${uri}: dtype ${dtype}; save vectors as float32 or float16`);
  }
  const [rows, dimension] = shape;
  if (shape.length !== 2 || rows === undefined || dimension === undefined || dimension < 1) {
    throw new QuarryError(
      'BadVectors',
      `${uri}: shape ${shape.join(' x ') || '()'}; expected rows x dimension, one row per row of the input`,
    );
  }
  const bytesPerElement = dtype === '<f2' ? 2 : 4;
  const needed = offset + rows * dimension * bytesPerElement;
  if (size < needed) {
    throw new QuarryError(
      'BadVectors',
      `${uri}: ${size} bytes, but ${rows} x ${dimension} of ${dtype} needs ${needed}: the file is cut off`,
    );
  }
  return { ...header, uri, rows, dimension, bytesPerElement };
}

/**
 * The vectors of some rows as float32 [rows.length, dimension], read in ranges of neighbouring rows. Memory: the result
 * and one range of 8 MiB.
 *
 * @throws QuarryError BadVectors that names the row where there is none such, or one that is not finite
 */
export async function gatherVectors(
  context: Dependencies & { readonly signal: AbortSignal },
  given: GivenVectors,
  rows: readonly number[],
): Promise<Float32Array> {
  const { uri, dimension, bytesPerElement } = given;
  const bytesPerRow = dimension * bytesPerElement;
  const store = context.openStore(uri);
  const result = new Float32Array(rows.length * dimension);
  const order = Uint32Array.from(rows.keys()).sort((a, b) => rows[a]! - rows[b]!);
  for (let start = 0; start < order.length; ) {
    context.signal.throwIfAborted();
    const first = rows[order[start]!]!;
    if (first < 0) throw rowless(given);
    let last = first;
    let end = start;
    for (; end < order.length; end++) {
      const row = rows[order[end]!]!;
      if ((row - last) * bytesPerRow > GAP_BYTES || (row + 1 - first) * bytesPerRow > RANGE_BYTES) break;
      last = row;
    }
    end = Math.max(end, start + 1);
    if (last >= given.rows) throw missingRow(given, last);
    const from = given.offset + first * bytesPerRow;
    const bytes = await store.readRange(uri, from, from + (last + 1 - first) * bytesPerRow);
    const range = elementsOf(bytes, bytesPerElement);
    for (const i of order.subarray(start, end)) {
      const at = (rows[i]! - first) * dimension;
      const target = result.subarray(i * dimension, (i + 1) * dimension);
      copyRow(range.subarray(at, at + dimension), target);
      if (!target.every(Number.isFinite)) throw notFinite(given, rows[i]!, target);
    }
    start = end;
  }
  return result;
}

function elementsOf(bytes: Uint8Array, bytesPerElement: 2 | 4): Float32Array | Uint16Array {
  const { buffer, byteOffset } = bytes.byteOffset % bytesPerElement === 0 ? bytes : Uint8Array.from(bytes);
  const length = bytes.byteLength / bytesPerElement;
  return bytesPerElement === 4
    ? new Float32Array(buffer, byteOffset, length)
    : new Uint16Array(buffer, byteOffset, length);
}

function copyRow(row: Float32Array | Uint16Array, target: Float32Array): void {
  if (row instanceof Uint16Array) float16ToFloat32(row, target);
  else target.set(row);
}

function rowless({ uri }: GivenVectors): QuarryError {
  return new QuarryError(
    'BadVectors',
    `${uri}: some of the input's contents have no row of their own in the file that the vectors follow; add them there, or use an encoder or generator`,
  );
}

function missingRow({ uri, rows }: GivenVectors, row: number): QuarryError {
  return new QuarryError(
    'BadVectors',
    `${uri}: ${rows} rows, but the input has a row ${row} (counted from 0); there must be one vector per row of the input`,
  );
}

function notFinite({ uri }: GivenVectors, row: number, vector: Float32Array): QuarryError {
  const column = vector.findIndex((value) => !Number.isFinite(value));
  return new QuarryError(
    'BadVectors',
    `${uri}: row ${row}, column ${column} is ${vector[column]}; every element must be finite`,
  );
}
