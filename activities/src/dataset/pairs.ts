import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import type { StageContext } from '../stages/stage-context.ts';
import { readText } from './composed-text.ts';
import { checkedId, checkedText, idField, listField, textField } from './fields.ts';
import { findFile, type InputFile, splitUri } from './input-file.ts';
import type { Input } from './input-format.ts';
import { ownNegatives, stageNegatives } from './own-negatives.ts';
import { readRows } from './read-rows.ts';
import { BadRow, type SourceRow } from './source-row.ts';
import { stageRows } from './stage-rows.ts';
import type { Staging } from './staging.ts';

/**
 * A row per query with its positive, or a list of positives. Without a corpus the positives are the documents. With one,
 * `columns.positiveId` holds ids of the corpus; without `positiveId` the positives are contents, and those that the
 * corpus lacks are added to it under the ids `positive:<row>`.
 */
export async function pairsInput(context: StageContext, input: Job['input']): Promise<Input> {
  const { corpus, columns } = input;
  const byId = corpus !== undefined && columns.positiveId !== undefined;
  const pairs = await findFile(context, {
    ...asWanted(input.path),
    expected: `one pair per row with the columns ${pairColumns(columns, byId).join(', ')}`,
  });
  const documents =
    corpus &&
    (await findFile(context, {
      ...asWanted(corpus.path),
      expected: `one document per row with the columns ${corpusColumns(corpus).join(', ')}`,
    }));
  return {
    files: documents ? { documents, pairs } : { pairs },
    stage: async (context, staging, scratch) => {
      if (corpus && documents)
        await stageCorpus(context, staging, documents, corpus, join(scratch, 'corpus'));
      const rows = readRows(context, pairs, pairColumns(columns, byId), join(scratch, 'pairs'));
      await stageRows(context, staging, 'pairs', rows, (values, row) => {
        const text = textField(values, columns.query);
        const id = columns.queryId === undefined ? String(row.row) : idField(values, columns.queryId);
        const positives = byId
          ? positiveIds(values, columns.positiveId!)
          : contents(values, columns, row, !!corpus);
        const negatives = ownNegatives(values, columns);
        if (positives.length !== 1) staging.listPositives++;
        const query = staging.addQuery({ source: 'pairs', row: row.row, line: row.line, id, text });
        for (const positive of positives) {
          const document =
            typeof positive === 'string' ? positive : addPositive(staging, positive, row, !!corpus);
          staging.addPair({ line: row.line, query, document, relevance: 1 });
        }
        stageNegatives(staging, negatives, row, query);
      });
    },
  };
}

async function stageCorpus(
  context: StageContext,
  staging: Staging,
  file: InputFile,
  corpus: NonNullable<Job['input']['corpus']>,
  directory: string,
): Promise<void> {
  const rows = readRows(context, file, corpusColumns(corpus), directory);
  await stageRows(context, staging, 'documents', rows, (values, { row, line }) => {
    staging.addDocument({ source: 'documents', row, line, ...readText(values, corpus.columns) });
  });
}

interface Positive {
  readonly id: string;
  readonly text: string;
}

function addPositive(
  staging: Staging,
  positive: Positive,
  { row, line }: SourceRow,
  hasCorpus: boolean,
): number {
  return staging.addDocument({ source: 'pairs', row: hasCorpus ? -1 : row, line, ...positive });
}

function contents(
  values: Readonly<Record<string, unknown>>,
  columns: Job['input']['columns'],
  { row }: SourceRow,
  hasCorpus: boolean,
): Positive[] {
  const texts = listField(values, columns.positive);
  const ids = columns.positiveId === undefined ? null : positiveIds(values, columns.positiveId);
  if (ids && ids.length !== texts.values.length) {
    throw new BadRow(
      `${texts.values.length} positives in "${columns.positive}" but ${ids.length} ids in "${columns.positiveId}"`,
    );
  }
  const prefix = hasCorpus ? 'positive:' : '';
  return texts.values.map((value, place) => ({
    id: ids?.[place] ?? `${prefix}${row}${texts.isList ? `#${place}` : ''}`,
    text: checkedText(value, columns.positive),
  }));
}

function positiveIds(values: Readonly<Record<string, unknown>>, name: string): string[] {
  return listField(values, name).values.map((value) => checkedId(value, name));
}

function pairColumns(columns: Job['input']['columns'], byId: boolean): string[] {
  const { query, positive, queryId, positiveId, negative, negativeId } = columns;
  const wanted = [query, ...(byId ? [] : [positive]), queryId, positiveId, negative, negativeId];
  return wanted.filter((name) => name !== undefined);
}

function corpusColumns({ columns }: NonNullable<Job['input']['corpus']>): string[] {
  return [columns.id, columns.text, columns.title].filter((name) => name !== undefined);
}

function asWanted(uri: string): { directory: string; names: string[] } {
  const { directory, name } = splitUri(uri);
  return { directory, names: [name] };
}
