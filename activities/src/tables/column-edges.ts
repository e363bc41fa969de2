import { createHash } from 'node:crypto';
import type { ColumnChunk, ParquetField } from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import codec from 'parquetjs-lite/lib/codec/index.js';
import compression from 'parquetjs-lite/lib/compression.js';
import parquet from 'parquetjs-lite/lib/util.js';
import { runEdges } from './run-edges.ts';

export type Value = string | number | null;

interface Page {
  readonly header: InstanceType<typeof thrift.PageHeader>;
  readonly body: Buffer;
}

/**
 * The first and the last value of a column chunk (of bytes that are no text their sha256, hex). parquetjs-lite decodes about 400,000 values per CPU-second, so a file
 * of a million rows would take it longer than DuckDB takes to write it. Therefore its parts are used one by one: its
 * page headers, its decompression (of the dictionary, the first and the last page alone) and its value codec, for the two
 * values that are wanted; what lies between them is skipped.
 */
export function columnEdges(
  bytes: Buffer,
  chunk: ColumnChunk,
  field: ParquetField,
): [first: Value, last: Value] {
  const pages = pagesOf(bytes);
  const data = pages.filter(({ header }) => header.data_page_header !== null);
  const dictionary = pages.find(({ header }) => header.dictionary_page_header !== null);
  const inflate = ({ body }: Page): Buffer =>
    compression.inflate(parquet.getThriftEnum(thrift.CompressionCodec, chunk.meta_data.codec), body);
  const type = parquet.getThriftEnum(thrift.Type, chunk.meta_data.type);
  const isText = field.originalType === 'UTF8';
  const entries = dictionary && inflate(dictionary);
  const edge = (page: Page, which: 'first' | 'last'): Value => {
    const values = pageValues(page, inflate(page), field);
    if (!values.present[which]) return null;
    const { bytes: encoded, offset, count } = values;
    if (page.header.data_page_header!.encoding === thrift.Encoding.PLAIN) {
      return plainValue(type, isText, encoded, offset, which === 'first' ? 0 : count - 1);
    }
    if (!entries) throw new RangeError('dictionary indices without a dictionary page');
    return plainValue(
      type,
      isText,
      entries,
      0,
      runEdges(encoded, offset + 1, encoded[offset]!, count)[which],
    );
  };
  return [edge(data[0]!, 'first'), edge(data.at(-1)!, 'last')];
}

function pagesOf(bytes: Buffer): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = new thrift.PageHeader();
    at += parquet.decodeThrift(header, bytes.subarray(at));
    pages.push({ header, body: bytes.subarray(at, at + header.compressed_page_size) });
    at += header.compressed_page_size;
  }
  return pages;
}

/** Where the values of a page begin, how many are not null, and whether the first and last are there. */
function pageValues(
  { header }: Page,
  bytes: Buffer,
  field: ParquetField,
): { bytes: Buffer; offset: number; count: number; present: Record<'first' | 'last', boolean> } {
  const count = header.data_page_header!.num_values;
  const most = field.dLevelMax;
  if (most === 0) return { bytes, offset: 0, count, present: { first: true, last: true } };
  // A field of a struct is there at the highest level: below, it or the struct is null.
  const levels = runEdges(bytes, 4, Math.ceil(Math.log2(most + 1)), count, most);
  const present = { first: levels.first === most, last: levels.last === most };
  return { bytes, offset: 4 + bytes.readUInt32LE(0), count: levels.count, present };
}

function plainValue(type: string, isText: boolean, buffer: Buffer, offset: number, index: number): Value {
  let at = offset;
  if (type === 'BYTE_ARRAY') for (let i = 0; i < index; i++) at += 4 + buffer.readUInt32LE(at);
  else at += index * (type === 'INT64' || type === 'DOUBLE' ? 8 : 4);
  const value = codec.PLAIN.decodeValues(type, { buffer, offset: at }, 1, {})[0]!;
  if (!Buffer.isBuffer(value)) return Number(value);
  return isText ? value.toString('utf8') : createHash('sha256').update(value).digest('hex');
}
