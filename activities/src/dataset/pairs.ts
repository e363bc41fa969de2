import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import type { StageContext } from '../stages/stage-context.ts';
import { composeText, readText } from './composed-text.ts';
import { checkedId, idField, listField, optionalTextField } from './fields.ts';
import { ImageReader } from './image-reader.ts';
import { imageRootOf } from './image-uri.ts';
import { findFile, type InputFile, splitUri } from './input-file.ts';
import type { Input } from './input-format.ts';
import { ownNegatives, stageNegatives } from './own-negatives.ts';
import { readContents } from './read-contents.ts';
import { readRows } from './read-rows.ts';
import type { RowContent } from './row-content.ts';
import type { RowImages } from './row-images.ts';
import { BadRow, type SourceRow } from './source-row.ts';
import { type ImageFields, stageRows } from './stage-rows.ts';
import type { Staging } from './staging.ts';

/**
 * A row per query with its positive, or a list of positives; a list of queries is as many queries with those positives.
 * Without a corpus the positives are the documents. With one, `columns.positiveId` holds ids of the corpus; without
 * `positiveId` the positives are contents, and those that the corpus lacks are added to it under the ids
 * `positive:<row>`.
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
  const root = imageRootOf(input);
  const images = {
    pairs: [columns.queryImage, byId ? undefined : columns.positiveImage].filter(
      (name) => name !== undefined,
    ),
    documents: corpus?.columns.image === undefined ? [] : [corpus.columns.image],
  };
  return {
    files: documents ? { documents: [documents], pairs: [pairs] } : { pairs: [pairs] },
    ...(images.pairs.length + images.documents.length > 0 && { images: { root, fields: images } }),
    stage: async (context, staging, scratch) => {
      const reader = new ImageReader(context, { root, maxPixels: input.maxImagePixels });
      if (corpus && documents) {
        const fields = { reader, names: images.documents };
        await stageCorpus(context, staging, documents, corpus, fields, join(scratch, 'corpus'));
      }
      const rows = readRows(
        context,
        pairs,
        pairColumns(columns, byId),
        join(scratch, 'pairs'),
        textColumns(columns),
      );
      const stage: StageRow = (values, row, rowImages) => {
        const queries = readContents(values, { text: columns.query, image: columns.queryImage }, rowImages);
        const ids = idsOf(values, columns.queryId, queries, String(row.row));
        const positives = byId
          ? listedIds(values, columns.positiveId!)
          : positiveContents(values, columns, row, rowImages, !!corpus);
        const negatives = ownNegatives(values, columns);
        if (positives.length !== 1) staging.listPositives++;
        if (queries.contents.length !== 1) staging.listQueries++;
        const documents = positives.map((positive) =>
          typeof positive === 'string' ? positive : addPositive(staging, positive, row, !!corpus),
        );
        for (const [i, content] of queries.contents.entries()) {
          const { row: source, line } = row;
          const query = staging.addQuery({ source: 'pairs', row: source, line, id: ids[i]!, ...content });
          for (const document of documents) staging.addPair({ line, query, document, relevance: 1 });
          stageNegatives(staging, negatives, row, query);
        }
      };
      await stageRows(context, staging, 'pairs', rows, stage, { reader, names: images.pairs });
    },
  };
}

type StageRow = Parameters<typeof stageRows>[4];

async function stageCorpus(
  context: StageContext,
  staging: Staging,
  file: InputFile,
  { columns }: NonNullable<Job['input']['corpus']>,
  fields: ImageFields,
  directory: string,
): Promise<void> {
  const optional = columns.image === undefined ? [] : [columns.text];
  const rows = readRows(context, file, corpusColumns({ columns }), directory, optional);
  const stage: StageRow = (values, { row, line }, images) => {
    const content = readDocument(values, columns, images);
    staging.addDocument({ source: 'documents', row, line, ...content });
  };
  await stageRows(context, staging, 'documents', rows, stage, fields);
}

function readDocument(
  values: Readonly<Record<string, unknown>>,
  columns: NonNullable<Job['input']['corpus']>['columns'],
  images: RowImages,
): RowContent & { readonly id: string } {
  if (columns.image === undefined) return { ...readText(values, columns), image: null };
  const id = idField(values, columns.id);
  try {
    const { contents } = readContents(values, { text: columns.text, image: columns.image }, images);
    if (contents.length > 1)
      throw new BadRow(`"${columns.image}" holds ${contents.length} images; expected one`);
    const title = columns.title === undefined ? '' : optionalTextField(values, columns.title);
    const { text, image } = contents[0]!;
    return { id, text: composeText(title, text), image };
  } catch (error) {
    throw error instanceof BadRow ? new BadRow(error.reason, id) : error;
  }
}

interface Positive extends RowContent {
  readonly id: string;
}

function addPositive(
  staging: Staging,
  positive: Positive,
  { row, line }: SourceRow,
  hasCorpus: boolean,
): number {
  return staging.addDocument({ source: 'pairs', row: hasCorpus ? -1 : row, line, ...positive });
}

function positiveContents(
  values: Readonly<Record<string, unknown>>,
  columns: Job['input']['columns'],
  { row }: SourceRow,
  images: RowImages,
  hasCorpus: boolean,
): Positive[] {
  const positives = readContents(values, { text: columns.positive, image: columns.positiveImage }, images);
  const prefix = hasCorpus ? 'positive:' : '';
  const ids = idsOf(values, columns.positiveId, positives, `${prefix}${row}`);
  return positives.contents.map((content, place) => ({ ...content, id: ids[place]! }));
}

/** The ids of a row's contents: those of a field, else the row's own, numbered where there is a list. */
function idsOf(
  values: Readonly<Record<string, unknown>>,
  name: string | undefined,
  { contents, isList }: ReturnType<typeof readContents>,
  own: string,
): readonly string[] {
  if (name === undefined) return contents.map((_, place) => (isList ? `${own}#${place}` : own));
  const ids = listedIds(values, name);
  if (ids.length === contents.length) return ids;
  throw new BadRow(`${contents.length} contents but ${ids.length} ids in "${name}"`);
}

function listedIds(values: Readonly<Record<string, unknown>>, name: string): string[] {
  return listField(values, name).values.map((value) => checkedId(value, name));
}

function pairColumns(columns: Job['input']['columns'], byId: boolean): string[] {
  const { query, queryImage, positive, positiveImage, queryId, positiveId, negative, negativeId } = columns;
  const contents = [queryImage ?? query, ...(byId ? [] : [positiveImage ?? positive])];
  return [...contents, queryId, positiveId, negative, negativeId].filter((name) => name !== undefined);
}

/** Texts that may be missing, because there is an image. */
function textColumns({ query, queryImage, positive, positiveImage }: Job['input']['columns']): string[] {
  return [...(queryImage === undefined ? [] : [query]), ...(positiveImage === undefined ? [] : [positive])];
}

function corpusColumns({ columns }: Pick<NonNullable<Job['input']['corpus']>, 'columns'>): string[] {
  return [columns.id, columns.image ?? columns.text, columns.title].filter((name) => name !== undefined);
}

function asWanted(uri: string): { directory: string; names: string[] } {
  const { directory, name } = splitUri(uri);
  return { directory, names: [name] };
}
