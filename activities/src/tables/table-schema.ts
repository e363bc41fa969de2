import type { Table } from '@quarry/workflows';

/** The published tables: their columns, and what every file says of itself. */

export type ColumnType = 'string' | 'int32' | 'float32';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

const text = (name: string): Column => ({ name, type: 'string' });
const integer = (name: string): Column => ({ name, type: 'int32' });
const number = (name: string): Column => ({ name, type: 'float32' });

/**
 * The columns of a table, in order. Training tables hold texts alone, because trainers take every column as input; ids
 * and scores lie in `candidates`, of which `owner_query_id`, `owner_score`, `relevance` (what the judgement said, also
 * where it said 0) and `reason` (null when kept) may be null. `source` says where a candidate comes from: `search`, `file`
 * (another retriever's, with its `given_rank` and `given_score`) or `input` (a negative that the input had).
 */
export function tableColumns(table: Table, numNegatives: number): readonly Column[] {
  switch (table) {
    case 'triplet':
      return [text('anchor'), text('positive'), text('negative')];
    case 'n-tuple': {
      const negatives = Array.from({ length: numNegatives }, (_, i) => text(`negative_${i + 1}`));
      return [text('anchor'), text('positive'), ...negatives];
    }
    case 'clusters':
      return [
        integer('cluster'),
        integer('position'),
        text('query_id'),
        text('query'),
        text('positive_id'),
        text('positive'),
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
      ];
  }
}

/**
 * Rows of one file at most, so that the number of files depends on rows only. An n-tuple file holds about a million
 * documents, whatever N is (250,000 rows with the default of 3).
 */
export function rowsPerFile(table: Table, numNegatives: number): number {
  if (table === 'candidates') return 1_000_000;
  if (table === 'n-tuple') return Math.max(1, Math.floor(1_000_000 / (numNegatives + 1)));
  return 250_000;
}

/** The value of the Parquet key `huggingface`, from which `datasets` takes the features of the columns. */
export function huggingFaceMetadata(columns: readonly Column[]): string {
  return JSON.stringify({ info: { features: huggingFaceFeatures(columns) } });
}

function huggingFaceFeatures(columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, { dtype: type, _type: 'Value' }]));
}

/** Where a file lies below the run's directory. */
export function tableFile(table: Table, part: number, parts: number): string {
  const five = (n: number): string => String(n).padStart(5, '0');
  return `data/${table}/train-${five(part)}-of-${five(parts)}.parquet`;
}
