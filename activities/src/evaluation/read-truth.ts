import { BOOLEAN, type DuckDBConnection, VARCHAR } from '@duckdb/node-api';
import { readUnpacked } from '../dataset/input-bytes.ts';
import { type InputFile, splitUri } from '../dataset/input-file.ts';
import { readLines } from '../dataset/lines.ts';
import { readQrels } from '../dataset/qrels.ts';
import { readRows } from '../dataset/read-rows.ts';
import { BadRow } from '../dataset/source-row.ts';
import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { DuckDbAppender } from '../tables/duckdb-appender.ts';
import { labelRow, type TruthKind, type TruthRow, trecRow, verdictRow } from './truth-row.ts';

/** A truth as it was read: the rows lie in the table `truth`. */
export interface Truth {
  readonly uri: string;
  readonly kind: TruthKind;
  /** What `labels` are labels of. */
  readonly by: 'id' | 'text';
  readonly rows: number;
}

const EXPECTED =
  'expected qrels (.tsv: query-id, corpus-id, score; .qrels: TREC; or a BEIR directory), labels (.jsonl: id or text, and label), or verdicts (query_id, document_id, verdict in .jsonl, .csv, .tsv or .parquet)';

/**
 * Reads a truth into the table `truth`: (`query_id`, `document_id`, `relevant`), or (`key`, `label`). Memory: a chunk of
 * rows; DuckDB's limit.
 *
 * @throws QuarryError BadInput with file and line where a row cannot be used, or where there is none
 */
export async function readTruth(
  context: StageContext,
  connection: DuckDBConnection,
  uri: string,
  minRelevance: number,
): Promise<Truth> {
  const files = await truthFiles(context, uri);
  const { kind, by } = await kindOf(context, files[0]!);
  const columns =
    kind === 'labels'
      ? { key: VARCHAR, label: VARCHAR }
      : { query_id: VARCHAR, document_id: VARCHAR, relevant: BOOLEAN };
  const appender = await DuckDbAppender.createTable(connection, 'truth', columns);
  let rows = 0;
  for (const file of files) {
    for await (const row of truthRows(context, file, kind, by, minRelevance)) {
      if ('key' in row) appender.add(row.key, row.label);
      else appender.add(row.query, row.document, row.relevant);
      rows++;
    }
  }
  appender.close();
  if (rows === 0) throw new QuarryError('BadInput', `${uri} holds no judgement; ${EXPECTED}`);
  await refuseTwoMinds(connection, uri, kind);
  return { uri, kind, by, rows };
}

/** The file itself, or every `qrels/*.tsv` of a BEIR directory. */
async function truthFiles(context: StageContext, uri: string): Promise<InputFile[]> {
  const { name } = splitUri(uri);
  const store = context.openStore(uri);
  const files: InputFile[] = [];
  for await (const object of store.list(`${uri}/qrels/`)) {
    if (/\.tsv(\.gz)?$/.test(object.uri)) files.push({ ...object, name: splitUri(object.uri).name });
  }
  if (files.length > 0) return files;
  const bytes = await store.size(uri).catch(() => null);
  if (bytes === null) throw new QuarryError('BadInput', `${uri} is not there; ${EXPECTED}`);
  return [{ uri, name, bytes }];
}

/** What a file is: its name, its columns. */
async function kindOf(
  context: StageContext,
  file: InputFile,
): Promise<{ readonly kind: TruthKind; readonly by: 'id' | 'text' }> {
  const name = file.name.replace(/\.gz$/, '').toLowerCase();
  if (/\.(qrels|trec|txt)$/.test(name)) return { kind: 'qrels', by: 'id' };
  const columns = await firstColumns(context, file);
  if (columns.includes('verdict')) return { kind: 'verdicts', by: 'id' };
  if (name.endsWith('.tsv')) return { kind: 'qrels', by: 'id' };
  if (columns.includes('label')) return { kind: 'labels', by: columns.includes('id') ? 'id' : 'text' };
  throw new QuarryError(
    'BadInput',
    `${file.uri} has the columns ${columns.slice(0, 10).join(', ') || 'none'}, which say of nothing whether it is relevant; ${EXPECTED}`,
  );
}

async function firstColumns(context: StageContext, file: InputFile): Promise<string[]> {
  const directory = `${context.scratch}/truth-columns`;
  if (/\.parquet$/i.test(file.name)) return ['query_id', 'document_id', 'verdict'];
  for await (const batch of readRows(context, file, [], directory)) {
    const values = batch[0]?.values;
    if (values instanceof BadRow) throw bad(file, batch[0]!.line, values);
    if (values) return Object.keys(values);
  }
  return [];
}

async function* truthRows(
  context: StageContext,
  file: InputFile,
  kind: TruthKind,
  by: 'id' | 'text',
  minRelevance: number,
): AsyncGenerator<TruthRow> {
  if (kind === 'qrels' && !/\.tsv(\.gz)?$/i.test(file.name)) {
    for await (const lines of readLines(readUnpacked(context, file), file.uri)) {
      for (const { number, text } of lines)
        yield checked(file, number, () => trecRow(text ?? '', minRelevance))!;
    }
    return;
  }
  const columns = kind === 'verdicts' ? ['query_id', 'document_id', 'verdict'] : [];
  const batches =
    kind === 'qrels'
      ? readQrels(context, file)
      : readRows(context, file, columns, `${context.scratch}/truth-rows`);
  for await (const batch of batches) {
    for (const { line, values } of batch) {
      if (values instanceof BadRow) throw bad(file, line, values);
      const row = checked(file, line, () => {
        if (kind === 'verdicts') return verdictRow(values);
        if (kind === 'labels') return labelRow(values, by);
        const { query, document, relevance } = values;
        return {
          query: String(query),
          document: String(document),
          relevant: Number(relevance) >= minRelevance,
        };
      });
      if (row) yield row;
    }
  }
}

function checked<T>(file: InputFile, line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof BadRow ? bad(file, line, error) : error;
  }
}

function bad(file: InputFile, line: number, { reason }: BadRow): QuarryError {
  return new QuarryError('BadInput', `${file.uri}:${line}: ${reason}`);
}

/** One pair judged relevant and irrelevant, or one text under two labels, is no truth. */
async function refuseTwoMinds(connection: DuckDBConnection, uri: string, kind: TruthKind): Promise<void> {
  const [key, value] =
    kind === 'labels' ? ['key', 'label'] : ["query_id || ' and document ' || document_id", 'relevant'];
  const found = await connection.runAndReadAll(
    `SELECT ${key} FROM truth GROUP BY ALL HAVING count(DISTINCT ${value}) > 1 ORDER BY 1 LIMIT 1`,
  );
  if (found.currentRowCount === 0) return;
  const what = kind === 'labels' ? 'two labels' : 'both relevant and not relevant';
  throw new QuarryError(
    'BadInput',
    `${uri} gives ${kind === 'labels' ? '' : 'query '}${String(found.value(0, 0))} ${what}; keep one of them`,
  );
}
