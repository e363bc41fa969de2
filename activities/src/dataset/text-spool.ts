import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that wait in memory before they are appended to their files, and more for each bucket that has some. */
const PENDING_BYTES = 2 ** 20;
const PENDING_BYTES_PER_BUCKET = 32 * 2 ** 10;

/** Bytes before each text: its number and its length, uint32 little-endian. */
const HEADER_BYTES = 8;

interface Bucket {
  readonly bucket: number;
  readonly bytes: Buffer;
  /** Where each text begins, by number. */
  readonly at: ReadonlyMap<number, number>;
}

/**
 * Texts on local disk, in buckets small enough to be held one at a time, so that they need not be sorted together.
 * Memory: 17 MiB with 512 buckets, and the bucket that is read.
 */
export class TextSpool {
  readonly #directory: string;
  readonly #pending = new Map<number, Buffer[]>();
  #pendingBytes = 0;
  #loaded: Bucket | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Adds a text under a number that no other has. */
  add(bucket: number, number: number, text: Buffer): void {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt32LE(number, 0);
    header.writeUInt32LE(text.length, 4);
    const waiting = this.#pending.get(bucket);
    if (waiting) waiting.push(header, text);
    else this.#pending.set(bucket, [header, text]);
    this.#pendingBytes += HEADER_BYTES + text.length;
  }

  /** To be awaited now and then while adding: puts to disk what should not stay in memory. */
  async drain(): Promise<void> {
    const enough = PENDING_BYTES + PENDING_BYTES_PER_BUCKET * this.#pending.size;
    if (this.#pendingBytes > enough) await this.flush();
  }

  /** To be awaited after the last text, before the first is read. */
  async flush(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    for (const [bucket, texts] of this.#pending) await appendFile(this.#path(bucket), Buffer.concat(texts));
    this.#pending.clear();
    this.#pendingBytes = 0;
  }

  /** A text; quick where the one before it came from the same bucket. */
  async read(bucket: number, number: number): Promise<Buffer> {
    if (this.#loaded?.bucket !== bucket) this.#loaded = await this.#load(bucket);
    const { bytes, at } = this.#loaded;
    const start = at.get(number)!;
    return bytes.subarray(start, start + bytes.readUInt32LE(start - 4));
  }

  async remove(): Promise<void> {
    this.#loaded = null;
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #load(bucket: number): Promise<Bucket> {
    this.#loaded = null;
    const bytes = await readFile(this.#path(bucket));
    const at = new Map<number, number>();
    for (let start = HEADER_BYTES; start <= bytes.length; ) {
      at.set(bytes.readUInt32LE(start - HEADER_BYTES), start);
      start += bytes.readUInt32LE(start - 4) + HEADER_BYTES;
    }
    return { bucket, bytes, at };
  }

  #path(bucket: number): string {
    return join(this.#directory, `${bucket}.texts`);
  }
}
