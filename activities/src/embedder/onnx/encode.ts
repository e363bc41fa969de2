/** Writing messages: every function gives whole fields, to be put one behind the other. */

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The key of a field, and the length where its value has one. */
export function header(number: number, type: 0 | 2, length = 0): Uint8Array {
  const key = varint(number * 8 + type);
  return type === 2 ? concat(key, varint(length)) : key;
}

export function int(number: number, value: number): Uint8Array {
  return concat(header(number, 0), varint(value));
}

export function message(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const value = concat(...parts);
  return concat(header(number, 2, value.length), value);
}

export function text(number: number, value: string): Uint8Array {
  return message(number, new TextEncoder().encode(value));
}

/** int64; negative ones in two's complement take ten bytes. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}
