import { QuarryError } from '../failures.ts';

/** The `.npy` format, version 1.0 (NumPy Enhancement Proposal 1): little-endian, C order, no pickled objects. */

export type NpyArray =
  | Float32Array
  | Int32Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Uint32Array
  | Float64Array;

export interface Npy<A extends NpyArray = NpyArray> {
  readonly shape: readonly number[];
  readonly data: A;
}

export interface NpyHeader {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes before the first element. */
  readonly offset: number;
}

const DTYPES = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '<i2': Int16Array,
  '<u2': Uint16Array,
  '|u1': Uint8Array,
} as const;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The bytes of the header alone, for writers that stream the rows behind it. */
export function npyHeader(dtype: string, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length).fill(0x20);
  bytes.set(MAGIC);
  bytes.set([1, 0, length & 0xff, length >> 8], 6);
  for (let i = 0; i < text.length; i++) bytes[10 + i] = text.charCodeAt(i);
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}

/** A whole `.npy` file. */
export function encodeNpy(data: NpyArray, shape: readonly number[] = [data.length]): Uint8Array {
  const rows = shape.reduce((product, n) => product * n, 1);
  if (rows !== data.length)
    throw new RangeError(`shape ${shape.join('x')} does not hold ${data.length} elements`);
  const dtype = Object.entries(DTYPES).find(([, type]) => data instanceof type)![0];
  const header = npyHeader(dtype, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** Reads the header from the first bytes of a file (a kilobyte is enough). `where` names the file in errors. */
export function decodeNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  const bad = (what: string): QuarryError =>
    new QuarryError('BadVectors', `${where}: ${what}; expected a .npy file as numpy.save writes it`);
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw bad('no .npy header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes[6] === 1 ? 10 : 12;
  const length = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const text = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const dtype = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if (dtype === undefined || shape === undefined) throw bad(`header not understood: ${text.slice(0, 80)}`);
  if (/'fortran_order':\s*True/.test(text)) throw bad('Fortran order; save numpy.ascontiguousarray of it');
  const sizes = shape
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  return { dtype, shape: sizes, offset: start + length };
}

/** The whole array; views `bytes` where alignment allows. `where` names the file in errors. */
export function decodeNpy<A extends NpyArray>(bytes: Uint8Array, where: string): Npy<A> {
  const { dtype, shape, offset } = decodeNpyHeader(bytes, where);
  const type = DTYPES[dtype as keyof typeof DTYPES];
  if (!type)
    throw new QuarryError(
      'BadVectors',
      `${where}: dtype ${dtype}; expected one of ${Object.keys(DTYPES).join(', ')}`,
    );
  const length = shape.reduce((product, n) => product * n, 1);
  if (bytes.length - offset < length * type.BYTES_PER_ELEMENT) {
    throw new QuarryError(
      'BadVectors',
      `${where}: ${bytes.length - offset} bytes behind the header, but shape ${shape.join('x')} of ${dtype} needs ${length * type.BYTES_PER_ELEMENT}: the file is cut off`,
    );
  }
  const at = bytes.byteOffset + offset;
  const end = at + length * type.BYTES_PER_ELEMENT;
  const data =
    at % type.BYTES_PER_ELEMENT === 0
      ? new type(bytes.buffer as ArrayBuffer, at, length)
      : new type(bytes.buffer.slice(at, end) as ArrayBuffer, 0, length);
  return { shape, data: data as unknown as A };
}
