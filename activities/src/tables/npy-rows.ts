import type { Store } from '../storage/store.ts';
import { decodeNpy, decodeNpyHeader, type NpyArray, npyHeader } from './npy.ts';

/** Enough for the header of an array of any shape we write. */
const HEADER_BYTES = 256;

/** Some rows of an array, fetched without the rest. */
export interface NpyRows<A extends NpyArray> {
  /** Rows of the whole array. */
  readonly rows: number;
  /** Elements of a row. */
  readonly width: number;
  readonly data: A;
}

/**
 * Reads rows `start` (inclusive) to `end` (exclusive), clipped to the array, of a `.npy` object. Errors name the object.
 * Memory: twice those rows.
 */
export async function readNpyRows<A extends NpyArray>(
  store: Store,
  uri: string,
  start = 0,
  end: number = Number.POSITIVE_INFINITY,
): Promise<NpyRows<A>> {
  const size = (await store.size(uri)) ?? 0;
  const head = await store.readRange(uri, 0, Math.min(HEADER_BYTES, size));
  const { dtype, shape, offset } = decodeNpyHeader(head, uri);
  const rows = shape[0] ?? 1;
  const width = shape.slice(1).reduce((product, n) => product * n, 1);
  const from = Math.min(start, rows);
  const to = Math.max(from, Math.min(end, rows));
  const bytesPerRow = width * Number(dtype.slice(2));
  const body = await store.readRange(uri, offset + from * bytesPerRow, offset + to * bytesPerRow);
  const header = npyHeader(dtype, [(to - from) * width]);
  const whole = new Uint8Array(header.length + body.length);
  whole.set(header);
  whole.set(body, header.length);
  return { rows, width, data: decodeNpy<A>(whole, uri).data };
}
