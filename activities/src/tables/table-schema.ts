import type { Side, Table } from '@quarry/workflows';
import type { Modality } from '../stages/run-document.ts';

/** The published tables: their columns, and what every file says of itself. */

export type ColumnType = 'string' | 'int32' | 'float32' | 'image';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** What the columns of a run's tables depend on. */
export interface TableShape {
  readonly numNegatives: number;
  /** What queries and documents hold. */
  readonly modality: Readonly<Record<Side, Modality>>;
  /** Images: their bytes, or paths alone. */
  readonly images: 'embed' | 'path';
}

const text = (name: string): Column => ({ name, type: 'string' });
const integer = (name: string): Column => ({ name, type: 'int32' });
const number = (name: string): Column => ({ name, type: 'float32' });
const image = (name: string): Column => ({ name, type: 'image' });

/** Behind the name of a column whose content may be a text, an image, or both. */
const IMAGE_SUFFIX = '_image';

/** A text, an image, or a column for each. */
function content(name: string, modality: Modality): readonly Column[] {
  if (modality === 'mixed') return [text(name), image(`${name}${IMAGE_SUFFIX}`)];
  return [modality === 'image' ? image(name) : text(name)];
}

/** The content that a column of images belongs to. */
export function contentName({ name, type }: Column): string {
  return type === 'image' && name.endsWith(IMAGE_SUFFIX) ? name.slice(0, -IMAGE_SUFFIX.length) : name;
}

/**
 * The columns of a table, in order. Training tables hold contents alone, because trainers take every column as input; ids
 * and scores lie in `candidates`, of which `owner_query_id`, `owner_score`, `relevance` (what the judgement said, also
 * where it said 0) and `reason` (null when kept) may be null. `source` says where a candidate comes from: `search`, `file`
 * (another retriever's, with its `given_rank` and `given_score`) or `input` (a negative that the input had). What a model
 * said of a candidate is in `cross_encoder_score` and `judge_score`, as log-odds that it answers the query. `missing` says how
 * many pairs a cluster has less than asked for. Of a side that has texts and images a column may be null.
 */
export function tableColumns(table: Table, { numNegatives, modality }: TableShape): readonly Column[] {
  const { query, document } = modality;
  switch (table) {
    case 'triplet':
      return [
        ...content('anchor', query),
        ...content('positive', document),
        ...content('negative', document),
      ];
    case 'n-tuple': {
      const negatives = Array.from({ length: numNegatives }, (_, i) =>
        content(`negative_${i + 1}`, document),
      );
      return [...content('anchor', query), ...content('positive', document), ...negatives.flat()];
    }
    case 'clusters':
      return [
        integer('cluster'),
        integer('position'),
        text('query_id'),
        ...content('query', query),
        text('positive_id'),
        ...content('positive', document),
        integer('missing'),
      ];
    case 'candidates':
      return [
        text('query_id'),
        text('document_id'),
        integer('rank'),
        number('score'),
        text('owner_query_id'),
        number('owner_score'),
        text('verdict'),
        text('reason'),
        number('relevance'),
        text('source'),
        integer('given_rank'),
        number('given_score'),
        number('cross_encoder_score'),
        number('judge_score'),
      ];
  }
}

/** Images that a file holds, about. */
const IMAGES_PER_FILE = 20_000;

/**
 * Rows of one file at most, so that the number of files depends on rows only. An n-tuple file holds about a million
 * documents, whatever N is (250,000 rows with the default of 3); with embedded images a file holds about 20,000 of them.
 */
export function rowsPerFile(table: Table, shape: TableShape): number {
  const images = tableColumns(table, shape).filter(({ type }) => type === 'image').length;
  if (images > 0 && shape.images === 'embed') return Math.max(1, Math.floor(IMAGES_PER_FILE / images));
  if (table === 'candidates') return 1_000_000;
  if (table === 'n-tuple') return Math.max(1, Math.floor(1_000_000 / (shape.numNegatives + 1)));
  return 250_000;
}

/** The value of the Parquet key `huggingface`, from which `datasets` takes the features of the columns. */
export function huggingFaceMetadata(columns: readonly Column[]): string {
  return JSON.stringify({ info: { features: huggingFaceFeatures(columns) } });
}

function huggingFaceFeatures(columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.map(({ name, type }) => [
      name,
      type === 'image' ? { _type: 'Image' } : { dtype: type, _type: 'Value' },
    ]),
  );
}

/** Where a file lies below the run's directory. */
export function tableFile(table: Table, part: number, parts: number): string {
  const five = (n: number): string => String(n).padStart(5, '0');
  return `data/${table}/train-${five(part)}-of-${five(parts)}.parquet`;
}
