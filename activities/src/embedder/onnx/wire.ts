import { type Bytes, bytesOf } from './bytes.ts';

/**
 * The wire format of protocol buffers (protobuf.dev/programming-guides/encoding): a message is a row of fields, each a
 * key (number and wire type), then its value. Reading gives places, so that what is not changed is copied as it stands.
 */
export interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly type: number;
  /** Where the key begins. */
  readonly start: number;
  /** Where the value begins, behind the length of a length-delimited one. */
  readonly value: number;
  readonly end: number;
}

/** Bytes that are no message of this kind. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** A key and a length take this many bytes at most. */
const LONGEST_HEADER = 20;

/**
 * The fields of a message at [start, end), in order; values are not read.
 *
 * @throws WireError where the bytes are no message, or end before they should
 */
export function* fieldsOf(bytes: Bytes, start = 0, end = bytes.size): Generator<Field> {
  for (let at = start; at < end; ) {
    const header = bytes.read(at, Math.min(end, at + LONGEST_HEADER));
    const [key, keyLength] = varintAt(header, 0);
    const number = Math.floor(key / 8);
    const type = key % 8;
    let value = at + keyLength;
    let next: number;
    if (type === 0) next = value + varintAt(header, keyLength)[1] - keyLength;
    else if (type === 1) next = value + 8;
    else if (type === 5) next = value + 4;
    else if (type === 2) {
      const [length, after] = varintAt(header, keyLength);
      value = at + after;
      next = value + length;
    } else throw new WireError(`wire type ${type} at byte ${at}`);
    if (number === 0) throw new WireError(`field number 0 at byte ${at}`);
    if (next > end) throw new WireError(`field ${number} at byte ${at} ends at ${next}, beyond ${end}`);
    yield { number, type, start: at, value, end: next };
    at = next;
  }
}

/** The fields of a message in memory. */
export function fieldsIn(message: Uint8Array): Generator<Field> {
  return fieldsOf(bytesOf(message));
}

/** An unsigned varint and where it ends; exact below 2^53. */
export function varintAt(bytes: Uint8Array, at: number): readonly [value: number, next: number] {
  let value = 0;
  let scale = 1;
  for (let i = at; i < bytes.length && i < at + 10; i++) {
    const byte = bytes[i]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, i + 1];
    scale *= 128;
  }
  throw new WireError(`a varint at byte ${at} does not end`);
}

/** A varint as int64 means it: two's complement. */
export function int64At(bytes: Uint8Array, at: number): readonly [value: number, next: number] {
  let value = 0n;
  for (let i = at, shift = 0n; i < bytes.length && i < at + 10; i++, shift += 7n) {
    value |= BigInt(bytes[i]! & 0x7f) << shift;
    if (bytes[i]! < 0x80) return [Number(BigInt.asIntN(64, value)), i + 1];
  }
  throw new WireError(`a varint at byte ${at} does not end`);
}

/** Repeated int64, packed or one by one. */
export function int64sOf(message: Uint8Array, { type, value, end }: Field): readonly number[] {
  if (type === 0) return [int64At(message, value)[0]];
  const values: number[] = [];
  for (let at = value; at < end; ) {
    const [number, next] = int64At(message, at);
    values.push(number);
    at = next;
  }
  return values;
}

export function textOf(message: Uint8Array, { value, end }: Field): string {
  return new TextDecoder().decode(message.subarray(value, end));
}
