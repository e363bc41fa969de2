import { readSync } from 'node:fs';
import parquet from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import util from 'parquetjs-lite/lib/util.js';
import type { StringPlaces } from './spooled-strings.ts';

const BLOCK_BYTES = 1 << 20;
/** More than a page's header takes where it carries no statistics. */
const HEADER_BYTES = 256;
/** Before the levels of a page, and before every string: the number of bytes. */
const LENGTH_BYTES = 4;

/**
 * Where the strings lie in an uncompressed Parquet file of one column without a dictionary and without nulls, found from
 * its footer and its pages' headers by parquetjs-lite. Memory: a megabyte, and 12 bytes per row.
 */
export async function plainPlaces(file: number, rows: number, size: number): Promise<StringPlaces> {
  const starts = new Float64Array(rows);
  const sizes = new Uint32Array(rows);
  const blocks = new Blocks(file);
  let row = 0;
  for (const { start, end } of await columnChunks(file, size)) {
    for (let at = start; at < end; ) {
      const header = new thrift.PageHeader();
      at += util.decodeThrift(header, blocks.bytes(at, Math.min(HEADER_BYTES, end - at)));
      let value = at + LENGTH_BYTES + blocks.uint32(at);
      at += header.compressed_page_size;
      for (; value < at; value += LENGTH_BYTES + sizes[row++]!) {
        starts[row] = value + LENGTH_BYTES;
        sizes[row] = blocks.uint32(value);
      }
    }
  }
  if (row !== rows) throw new RangeError(`the spool holds ${row} strings, and ${rows} were wanted`);
  return { starts, sizes };
}

async function columnChunks(file: number, size: number): Promise<{ start: number; end: number }[]> {
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.allocUnsafe(length);
    readSync(file, bytes, 0, length, offset);
    return bytes;
  };
  const envelope = new parquet.ParquetEnvelopeReader(read, () => undefined, size);
  const reader = await parquet.ParquetReader.openEnvelopeReader(envelope, { rawStatistics: true });
  return reader.metadata.row_groups.map(({ columns }) => {
    const { data_page_offset: offset, total_compressed_size: bytes } = columns[0]!.meta_data;
    return { start: Number(offset), end: Number(offset) + Number(bytes) };
  });
}

/** A file read forwards, block by block. */
class Blocks {
  readonly #file: number;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #start = 0;
  #end = 0;

  constructor(file: number) {
    this.#file = file;
  }

  /** `length` bytes, at most a block, valid until the next call. */
  bytes(at: number, length: number): Buffer {
    if (at < this.#start || at + length > this.#end) {
      this.#start = at;
      this.#end = at + readSync(this.#file, this.#block, 0, BLOCK_BYTES, at);
    }
    return this.#block.subarray(at - this.#start, at - this.#start + length);
  }

  uint32(at: number): number {
    if (at < this.#start || at + LENGTH_BYTES > this.#end) this.bytes(at, LENGTH_BYTES);
    return this.#block.readUInt32LE(at - this.#start);
  }
}
