const LENGTH_BYTES = 4;

/** Parquet's repetition or definition levels where the highest is 1, bit-packed. Memory: a bit per value. */
export class LevelBits {
  #bytes = Buffer.alloc(1 << 12);
  #count = 0;

  add(level: 0 | 1): void {
    const at = this.#count >> 3;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(at)]);
    this.#bytes[at]! |= level << (this.#count++ & 7);
  }

  get count(): number {
    return this.#count;
  }

  /** As they stand in a data page: their length, and one bit-packed run. */
  encoded(): Buffer {
    const groups = Math.ceil(this.#count / 8);
    const header = [];
    for (let rest = groups * 2 + 1; rest > 0; rest >>>= 7)
      header.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(header.length + groups);
    return Buffer.concat([length, Buffer.from(header), this.#bytes.subarray(0, groups)]);
  }

  clear(): void {
    this.#bytes.fill(0);
    this.#count = 0;
  }
}
