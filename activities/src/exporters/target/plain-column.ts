import { PrefixedText, SpooledText } from '../source/text.ts';
import type { Json } from './json-file.ts';
import { LevelBits } from './level-bits.ts';

/** DuckDB's types that a column's values may have. */
export type PlainType = 'VARCHAR' | 'BIGINT' | 'FLOAT' | 'DOUBLE';

const FIRST_BYTES = 1 << 16;
const LENGTH_BYTES = 4;
const WORD_BYTES = 8;
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;
const WORD = 2 ** 32;

/**
 * The values of one column of a row group, encoded as Parquet's PLAIN: strings behind their lengths, numbers little-endian.
 * Strings of a spool are copied as bytes. Memory: its values, twice while it grows.
 */
export class PlainColumn {
  readonly #type: PlainType;
  readonly #levels: { readonly repetition: LevelBits; readonly definition: LevelBits } | null;
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #filled = 0;
  #values = 0;

  /** @param isList a row is a list of values, which may be empty */
  constructor(type: PlainType, isList: boolean) {
    this.#type = type;
    this.#levels = isList ? { repetition: new LevelBits(), definition: new LevelBits() } : null;
  }

  /** Bytes of the values. */
  get bytes(): number {
    return this.#filled;
  }

  /** Values as Parquet counts them: an empty list is one. */
  get count(): number {
    return this.#levels?.repetition.count ?? this.#values;
  }

  add(row: Json): void {
    if (!this.#levels) {
      this.#add(row);
      return;
    }
    const values = row as readonly Json[];
    const { repetition, definition } = this.#levels;
    if (values.length === 0) {
      repetition.add(0);
      definition.add(0);
    }
    for (let i = 0; i < values.length; i++) {
      repetition.add(i === 0 ? 0 : 1);
      definition.add(1);
      this.#add(values[i]!);
    }
  }

  /** The body of a data page, in pieces; valid until the next value. */
  page(): readonly Buffer[] {
    const values = this.#buffer.subarray(0, this.#filled);
    if (!this.#levels) return [values];
    return [this.#levels.repetition.encoded(), this.#levels.definition.encoded(), values];
  }

  clear(): void {
    this.#levels?.repetition.clear();
    this.#levels?.definition.clear();
    this.#filled = this.#values = 0;
  }

  #add(value: Json): void {
    this.#values++;
    if (this.#type === 'VARCHAR') this.#string(value as string | SpooledText | PrefixedText);
    else this.#number(value as number);
  }

  #string(value: string | SpooledText | PrefixedText): void {
    if (value instanceof SpooledText) this.#text('', value);
    else if (value instanceof PrefixedText) this.#text(value.prefix, value.text);
    else this.#text(value, null);
  }

  #text(start: string, rest: SpooledText | null): void {
    const size = rest ? sizeOf(rest) : 0;
    this.#room(LENGTH_BYTES + start.length * BYTES_PER_UNIT + size);
    const from = this.#filled + LENGTH_BYTES;
    let to = start === '' ? from : from + this.#buffer.write(start, from);
    if (rest) to += rest.spool.copy(rest.row, this.#buffer, to);
    this.#buffer.writeUInt32LE(to - from, this.#filled);
    this.#filled = to;
  }

  #number(value: number): void {
    this.#room(WORD_BYTES);
    if (this.#type === 'FLOAT') this.#filled = this.#buffer.writeFloatLE(value, this.#filled);
    else if (this.#type === 'DOUBLE') this.#filled = this.#buffer.writeDoubleLE(value, this.#filled);
    else {
      this.#buffer.writeInt32LE(value | 0, this.#filled);
      this.#filled = this.#buffer.writeInt32LE(Math.floor(value / WORD), this.#filled + WORD_BYTES / 2);
    }
  }

  #room(bytes: number): void {
    if (this.#filled + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#filled + bytes));
    this.#buffer.copy(larger, 0, 0, this.#filled);
    this.#buffer = larger;
  }
}

function sizeOf({ spool, row }: SpooledText): number {
  if (spool.encoding !== 'plain')
    throw new TypeError('a string that is spooled as JSON cannot go into Parquet');
  return spool.size(row);
}
