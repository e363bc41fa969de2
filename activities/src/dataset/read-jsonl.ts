import { readLines } from './lines.ts';
import { BadRow, type SourceRow } from './source-row.ts';

/** Rows of a JSONL file: one JSON object per line. Holds one chunk and its rows at a time. */
export async function* readJsonl(chunks: AsyncIterable<Buffer>, where: string): AsyncGenerator<SourceRow[]> {
  let row = 0;
  for await (const lines of readLines(chunks, where)) {
    yield lines.map(({ number, text }) => ({ row: row++, line: number, values: parse(text) }));
  }
}

function parse(text: string | null): SourceRow['values'] {
  if (text === null) return new BadRow('not valid UTF-8');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
    return new BadRow(
      `${Array.isArray(value) ? 'a list' : `${JSON.stringify(value).slice(0, 40)}`}; expected a JSON object`,
    );
  } catch (error) {
    return new BadRow(`not valid JSON: ${(error as Error).message}`);
  }
}
