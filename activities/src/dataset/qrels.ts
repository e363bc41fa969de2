import type { StageContext } from '../stages/stage-context.ts';
import { quoted } from './fields.ts';
import { readUnpacked } from './input-bytes.ts';
import type { InputFile } from './input-file.ts';
import { readLines } from './lines.ts';
import { BadRow, type SourceRow } from './source-row.ts';

const HEADER = /^(query|q|anchor)[-_ ]?id$/i;

/**
 * Judgements: lines of query id, document id and relevance between tabs, with or without a header line. The values of
 * a good row are `{query, document, relevance}`.
 */
export async function* readQrels(context: StageContext, file: InputFile): AsyncGenerator<SourceRow[]> {
  let row = 0;
  let first = true;
  for await (const lines of readLines(readUnpacked(context, file), file.uri)) {
    const rows: SourceRow[] = [];
    for (const { number, text } of lines) {
      const fields = text?.split('\t');
      const isHeader = first && HEADER.test(fields?.[0]?.trim() ?? '');
      first = false;
      if (!isHeader)
        rows.push({
          row: row++,
          line: number,
          values: fields ? parse(fields) : new BadRow('not valid UTF-8'),
        });
    }
    yield rows;
  }
}

function parse(fields: readonly string[]): SourceRow['values'] {
  const [query, document, score] = fields;
  if (query === undefined || document === undefined || score === undefined || fields.length > 3) {
    return new BadRow(`${fields.length} fields between tabs; expected query id, document id and score`);
  }
  if (query === '') return new BadRow('the query id is empty');
  if (document === '') return new BadRow('the document id is empty');
  const relevance = score.trim() === '' ? Number.NaN : Number(score);
  if (!Number.isFinite(relevance)) return new BadRow(`score ${quoted(score)} is not a number`);
  return { query, document, relevance };
}
