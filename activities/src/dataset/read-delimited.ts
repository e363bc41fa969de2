import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { parse } from 'csv-parse';
import { QuarryError } from '../failures.ts';
import { BadRow, type SourceRow } from './source-row.ts';

/** A row may not be longer: an unclosed quote would swallow the file. */
const LONGEST_ROW = 16 * 2 ** 20;

/** Errors of the parser after which it has lost its place. */
const UNBOUNDED = ['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE'];

interface Delimited {
  readonly where: string;
  /** `,`: quotes as in RFC 4180. A tab: no quotes at all, as retrieval data sets are written. */
  readonly delimiter: ',' | '\t';
  /** Columns that must be there. */
  readonly columns: readonly string[];
}

/**
 * Rows of a CSV or TSV file with a header line. A quote inside a field that is not quoted is a character like another. Holds the rows of one chunk at a time. From the first invalid byte on, a
 * row with U+FFFD in it is bad: that is what the parser makes of such bytes.
 *
 * @throws QuarryError BadInput where a column is missing, or a quote is never closed
 */
export async function* readDelimited(
  chunks: AsyncIterable<Buffer>,
  { where, delimiter, columns }: Delimited,
): AsyncGenerator<SourceRow[]> {
  let batch: SourceRow[] = [];
  let row = 0;
  let suspect = false;
  /** Lines that the parser counted too many: it takes a CRLF inside quotes for two. */
  let drift = 0;
  const push = (line: number, values: SourceRow['values']): void => {
    batch.push({ row: row++, line, values });
  };
  const parser = parse({
    bom: true,
    delimiter,
    quote: delimiter === ',' ? '"' : null,
    relax_quotes: true,
    max_record_size: LONGEST_ROW,
    skip_empty_lines: true,
    skip_records_with_error: true,
    columns: (header: string[]) => checkedHeader(header, columns, where),
    // Rows are taken here, not from the stream: good and bad ones come in one order.
    on_record: (record: Record<string, string>, { lines }) => {
      const fields = Object.values(record);
      const bad = suspect && fields.some((value) => value.includes('\ufffd'));
      const breaks = fields.map(count).reduce((a, b) => ({ all: a.all + b.all, cr: a.cr + b.cr }), NO_BREAKS);
      push(lines - drift - breaks.all, bad ? new BadRow('not valid UTF-8') : record);
      drift += breaks.cr;
      return null;
    },
    on_skip: (error) => {
      const line = Number(error?.lines ?? 0) - drift;
      if (UNBOUNDED.includes(error?.code ?? '')) {
        throw new QuarryError(
          'BadInput',
          `${where}: a quote opened before line ${line} is not closed, so the rows behind it cannot be told apart; close it, or write quotes inside quotes twice`,
        );
      }
      push(line, new BadRow((error?.message ?? 'not a row').replace(/ on line \d+$/, '')));
      return undefined;
    },
  });
  const failed = new Promise<never>((_, reject) => parser.once('error', reject));
  failed.catch(() => undefined);
  parser.resume();
  let cut: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (!suspect) {
      const block = cut.length > 0 ? Buffer.concat([cut, chunk]) : chunk;
      const whole = wholeCharacters(block);
      suspect = !isUtf8(block.subarray(0, whole));
      cut = block.subarray(whole);
    }
    await Promise.race([failed, new Promise<void>((done) => parser.write(chunk, () => done()))]);
    if (batch.length > 0) yield batch;
    batch = [];
  }
  suspect ||= cut.length > 0;
  parser.end();
  await Promise.race([failed, once(parser, 'end')]);
  if (batch.length > 0) yield batch;
}

function checkedHeader(header: readonly string[], columns: readonly string[], where: string): string[] {
  const missing = columns.find((name) => !header.includes(name));
  if (missing !== undefined) {
    throw new QuarryError(
      'BadInput',
      `${where} has no column "${missing}" in its first line; it has ${header.join(', ')}. Name the right ones in the job's columns`,
    );
  }
  return [...header];
}

const NO_BREAKS = { all: 0, cr: 0 };

function count(value: string): { all: number; cr: number } {
  if (!value.includes('\n') && !value.includes('\r')) return NO_BREAKS;
  return { all: value.match(/[\r\n]/g)?.length ?? 0, cr: value.match(/\r/g)?.length ?? 0 };
}

/** Length without a character that the end of the block cuts. */
function wholeCharacters(block: Buffer): number {
  for (let back = 1; back <= Math.min(3, block.length); back++) {
    const byte = block[block.length - back]!;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? block.length - back : block.length;
    }
    if (byte < 0x80) break;
  }
  return block.length;
}
