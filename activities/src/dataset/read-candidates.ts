import type { StageContext } from '../stages/stage-context.ts';
import { idField, quoted } from './fields.ts';
import { readUnpacked } from './input-bytes.ts';
import type { InputFile } from './input-file.ts';
import { readLines } from './lines.ts';
import { readRows } from './read-rows.ts';
import { BadRow, type SourceRow } from './source-row.ts';

/** One candidate as another retriever gave it. */
export interface ForeignCandidate {
  readonly query: string;
  readonly document: string;
  /** 1 is the best; null: by score, else by place. */
  readonly rank: number | null;
  readonly score: number | null;
}

const HEADER = /^(query|q|anchor)[-_ ]?id$/i;
const COLUMNS = ['query_id', 'document_id', 'score'];

/** What a file of candidates may be, for messages. */
export const CANDIDATES_EXPECTED =
  'a TREC run (.trec, .run, .txt: query Q0 document rank score tag), .tsv (query-id, document-id, score), or .parquet, .jsonl, .csv (query_id, document_id, score)';

/** The rows of a file of candidates; `values` are a {@link ForeignCandidate}. Holds some rows at a time. */
export async function* readCandidates(
  context: StageContext,
  file: InputFile,
  directory: string,
): AsyncGenerator<SourceRow[]> {
  const name = file.name.replace(/\.gz$/, '').toLowerCase();
  if (/\.(trec|run|txt)$/.test(name)) yield* lineRows(context, file, trecCandidate);
  else if (name.endsWith('.tsv')) yield* lineRows(context, file, tsvCandidate);
  else {
    for await (const rows of readRows(context, file, COLUMNS, directory)) {
      yield rows.map((row) => ({ ...row, values: attempt(() => fieldsCandidate(row.values)) }));
    }
  }
}

async function* lineRows(
  context: StageContext,
  file: InputFile,
  parse: (text: string) => ForeignCandidate | null,
): AsyncGenerator<SourceRow[]> {
  let row = 0;
  for await (const lines of readLines(readUnpacked(context, file), file.uri)) {
    const rows: SourceRow[] = [];
    for (const { number, text } of lines) {
      const values = text === null ? new BadRow('not valid UTF-8') : attempt(() => parse(text));
      if (values !== null) rows.push({ row: row++, line: number, values });
    }
    yield rows;
  }
}

/** `query Q0 document rank score tag`, between white space. */
function trecCandidate(text: string): ForeignCandidate {
  const fields = text.trim().split(/\s+/);
  const [query, , document, rank, score] = fields;
  if (fields.length < 5 || query === undefined || document === undefined) {
    throw new BadRow(`${fields.length} fields; expected query, Q0, document, rank, score, tag`);
  }
  return { query, document, rank: wholeNumber(rank!), score: number(score!) };
}

/** Query, document and perhaps a score between tabs; null for a header. */
function tsvCandidate(text: string): ForeignCandidate | null {
  const fields = text.split('\t');
  const [query, document, score] = fields;
  if (HEADER.test(query?.trim() ?? '')) return null;
  if (!query || !document || fields.length > 3) {
    throw new BadRow(
      `${fields.length} fields between tabs; expected query id, document id and, where there is one, score`,
    );
  }
  return { query, document, rank: null, score: score === undefined ? null : number(score) };
}

function fieldsCandidate(values: SourceRow['values']): ForeignCandidate {
  if (values instanceof BadRow) throw values;
  const [query, document] = [idField(values, 'query_id'), idField(values, 'document_id')];
  const { score } = values;
  const missing = score === undefined || score === null || score === '';
  return { query, document, rank: null, score: missing ? null : number(String(score)) };
}

function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new BadRow(`score ${quoted(text)} is not a number`);
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1)
    throw new BadRow(`rank ${quoted(text)} is not a whole number`);
  return value;
}

function attempt<T extends ForeignCandidate | null>(
  parse: () => T,
): (T & Readonly<Record<string, unknown>>) | BadRow {
  try {
    return parse() as T & Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof BadRow) return error;
    throw error;
  }
}
