import { readFile } from 'node:fs/promises';
import type { Vectors } from '@quarry/activities/index/vectors';
import { decodeNpyHeader } from '@quarry/activities/tables/npy';

/** A `.npy` file of float16 [rows, dimension] as float32. */
export async function readHalfNpy(path: string): Promise<Vectors> {
  const bytes = await readFile(path);
  const { dtype, shape, offset } = decodeNpyHeader(bytes, path);
  const [rows, dimension] = shape;
  if (dtype !== '<f2' || rows === undefined || dimension === undefined) throw new Error(`${path}: ${dtype}`);
  const data = new Float32Array(rows * dimension);
  for (let i = 0; i < data.length; i++) data[i] = fromHalf(bytes.readUInt16LE(offset + 2 * i));
  return { data, rows, dimension };
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}
