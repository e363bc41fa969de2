import { isUtf8 } from 'node:buffer';
import { QuarryError } from '../failures.ts';

/** Longer ones are not lines of data, and would have to be held whole. */
const LONGEST_LINE = 64 * 2 ** 20;

/** Lines given at once: few enough that they are garbage before they grow old. */
const BATCH = 256;

const LF = 0x0a;
const CR = 0x0d;

/** One line that is not blank. */
export interface Line {
  /** 1-based, blank lines counted. */
  readonly number: number;
  /** Without its end; null where it is not valid UTF-8. */
  readonly text: string | null;
}

/**
 * Splits bytes into lines, some at a time. LF and CRLF end a line, the last one needs no end; a byte order
 * mark is dropped and blank lines are passed over.
 *
 * @throws QuarryError BadInput for a line longer than 64 MiB, which names `where`
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, where: string): AsyncGenerator<Line[]> {
  let number = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const split = function* (block: Buffer): Generator<Line[]> {
    let lines: Line[] = [];
    const valid = isUtf8(block);
    let start = number === 0 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? 3 : 0;
    while (start < block.length) {
      const found = block.indexOf(LF, start);
      const next = found < 0 ? block.length : found;
      const end = block[next - 1] === CR && next > start ? next - 1 : next;
      number++;
      const text = valid || isUtf8(block.subarray(start, end)) ? block.toString('utf8', start, end) : null;
      if (text === null || text.trim() !== '') lines.push({ number, text });
      start = next + 1;
      if (lines.length === BATCH) {
        yield lines;
        lines = [];
      }
    }
    if (lines.length > 0) yield lines;
  };
  for await (const chunk of chunks) {
    const last = chunk.lastIndexOf(LF);
    held.push(last < 0 ? chunk : chunk.subarray(0, last + 1));
    heldBytes += held.at(-1)!.length;
    if (last >= 0) {
      yield* split(held.length === 1 ? held[0]! : Buffer.concat(held));
      held = [chunk.subarray(last + 1)];
      heldBytes = held[0]!.length;
    }
    if (heldBytes > LONGEST_LINE) {
      throw new QuarryError(
        'BadInput',
        `${where}:${number + 1} is longer than ${LONGEST_LINE} bytes; expected one row per line`,
      );
    }
  }
  if (heldBytes > 0) yield* split(Buffer.concat(held));
}
