import { closeSync, openSync, writeSync } from 'node:fs';
import { PrefixedText, SpooledText, type Text } from '../source/text.ts';

/** What can be written: JSON, whose strings may lie in spools. */
export type Json = Text | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const BUFFER_BYTES = 1 << 20;
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

const [COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, LINE_BREAK] = Buffer.from(
  ',[]{}\n',
) as unknown as number[];

const EMPTY = Buffer.from('""');

/**
 * Writes JSON or text to a new file, synchronously: exporting is all that the process does. Memory: a megabyte, or the
 * longest string.
 */
export class JsonFile {
  readonly #file: number;
  readonly #keys = new Map<string, Buffer>();
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #filled = 0;
  #written = 0;
  #closed = false;

  constructor(path: string) {
    this.#file = openSync(path, 'wx');
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#written + this.#filled;
  }

  /** One line of JSON; its bytes. */
  json(value: Json): number {
    const before = this.bytes;
    this.value(value);
    this.#byte(LINE_BREAK!);
    return this.bytes - before;
  }

  value(value: Json): void {
    if (value instanceof SpooledText) {
      this.#room(value.spool.size(value.row));
      this.#filled += value.spool.copy(value.row, this.#buffer, this.#filled);
    } else if (value === '') this.#short(EMPTY);
    else if (value instanceof PrefixedText) this.#prefixed(value);
    else if (typeof value !== 'object' || value === null) this.text(JSON.stringify(value));
    else if (Array.isArray(value)) this.#list(value);
    else this.#object(value as { readonly [key: string]: Json });
  }

  text(piece: string): void {
    this.#room(piece.length * BYTES_PER_UNIT);
    this.#filled += this.#buffer.write(piece, this.#filled);
  }

  /** The file is whole when it returns. */
  close(): void {
    this.#flush();
    this.abandon();
  }

  /** Gives the file up; it may be half written. */
  abandon(): void {
    if (!this.#closed) closeSync(this.#file);
    this.#closed = true;
  }

  /** The quote that ends the prefix and the one that begins the text fall away. */
  #prefixed({ prefix, text: { spool, row } }: PrefixedText): void {
    const start = JSON.stringify(prefix).slice(0, -1);
    this.#room(start.length * BYTES_PER_UNIT + spool.size(row));
    this.#filled += this.#buffer.write(start, this.#filled);
    const last = this.#filled - 1;
    const byte = this.#buffer[last]!;
    this.#filled = last + spool.copy(row, this.#buffer, last);
    this.#buffer[last] = byte;
  }

  #list(values: readonly Json[]): void {
    this.#byte(OPEN_LIST!);
    for (let i = 0; i < values.length; i++) {
      if (i > 0) this.#byte(COMMA!);
      this.value(values[i]!);
    }
    this.#byte(CLOSE_LIST!);
  }

  #object(values: { readonly [key: string]: Json }): void {
    this.#byte(OPEN_OBJECT!);
    let first = true;
    for (const key in values) {
      if (!first) this.#byte(COMMA!);
      first = false;
      this.#key(key);
      this.value(values[key]!);
    }
    this.#byte(CLOSE_OBJECT!);
  }

  #key(key: string): void {
    let bytes = this.#keys.get(key);
    if (!bytes) {
      bytes = Buffer.from(`${JSON.stringify(key)}:`);
      this.#keys.set(key, bytes);
    }
    this.#short(bytes);
  }

  /** A few bytes: a loop is faster than a copy, which makes a view of them first. */
  #short(bytes: Buffer): void {
    this.#room(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.#buffer[this.#filled + i] = bytes[i]!;
    this.#filled += bytes.length;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#buffer[this.#filled++] = byte;
  }

  #room(bytes: number): void {
    if (this.#filled + bytes <= this.#buffer.length) return;
    this.#flush();
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(bytes);
  }

  #flush(): void {
    for (let at = 0; at < this.#filled; ) at += writeSync(this.#file, this.#buffer, at, this.#filled - at);
    this.#written += this.#filled;
    this.#filled = 0;
  }
}
