/**
 * First and last value of Parquet's RLE / bit-packed hybrid (definition levels, dictionary indices) without unpacking
 * the values between them.
 */
export interface RunEdges {
  readonly first: number;
  readonly last: number;
  /** Values equal to `counted`: with definition levels the values present. */
  readonly count: number;
}

/** Reads `count` (at least 1) values of `bitWidth` bits that begin at `offset`; counts those equal to `counted`. */
export function runEdges(
  bytes: Uint8Array,
  offset: number,
  bitWidth: number,
  count: number,
  counted: number | null = null,
): RunEdges {
  let at = offset;
  let seen = 0;
  let first = 0;
  let last = 0;
  let equal = 0;
  while (seen < count) {
    let header = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError(`runs end after ${seen} of ${count} values`);
      header |= (byte & 0x7f) << shift;
      more = byte > 0x7f;
    }
    const length = Math.min(header & 1 ? (header >>> 1) * 8 : header >>> 1, count - seen);
    if (length === 0) throw new RangeError(`empty run after ${seen} of ${count} values`);
    const value = (i: number): number =>
      header & 1 ? packed(bytes, at, bitWidth, i) : whole(bytes, at, bitWidth);
    if (seen === 0) first = value(0);
    last = value(length - 1);
    if (counted !== null) {
      if (header & 1) for (let i = 0; i < length; i++) equal += value(i) === counted ? 1 : 0;
      else if (value(0) === counted) equal += length;
    }
    at += header & 1 ? (header >>> 1) * bitWidth : Math.ceil(bitWidth / 8);
    seen += length;
  }
  return { first, last, count: equal };
}

function packed(bytes: Uint8Array, at: number, bitWidth: number, index: number): number {
  let value = 0;
  for (let bit = 0; bit < bitWidth; bit++) {
    const place = index * bitWidth + bit;
    value |= ((bytes[at + (place >>> 3)]! >>> (place & 7)) & 1) << bit;
  }
  return value;
}

function whole(bytes: Uint8Array, at: number, bitWidth: number): number {
  let value = 0;
  for (let i = 0; i < Math.ceil(bitWidth / 8); i++) value |= bytes[at + i]! << (8 * i);
  return value;
}
