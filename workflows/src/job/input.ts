import { z } from 'zod';
import { share, uri } from './fields.ts';

const columns = z.strictObject({
  query: z.string().default('query'),
  positive: z.string().default('positive'),
  /** Ids of the input's own; without them the row number is the id. */
  queryId: z.string().optional(),
  positiveId: z.string().optional(),
  /** Negatives that the input has already, one or a list: scored and judged like other candidates. */
  negative: z.string().optional(),
  /** The same by id, where `positiveId` names ids of the corpus. */
  negativeId: z.string().optional(),
});

const corpus = z.strictObject({
  path: uri,
  columns: z
    .strictObject({
      id: z.string().default('id'),
      text: z.string().default('text'),
      title: z.string().optional(),
    })
    .prefault({}),
});

/** What goes in: where the rows lie and how they are read. */
export const input = z.strictObject({
  format: z.enum(['beir', 'pairs', 'classification']),
  path: uri,
  /** beir: `qrels/<split>.tsv`; classification: `<split>.jsonl` where the path is a directory. */
  split: z.string().default('train'),
  columns: columns.prefault({}),
  /** pairs: documents beside the positives. With it, `columns.positive` may hold ids (`positiveId`) or contents. */
  corpus: corpus.optional(),
  /** Candidates of another retriever: a TREC run, TSV (query-id, document-id, score), or Parquet. */
  candidates: uri.optional(),
  /**
   * Whether candidates of the input replace those of the search or join them. Default: a file replaces, the input's own
   * negatives join.
   */
  candidatesMode: z.enum(['replace', 'join']).optional(),
  /** Equal content is one document (and one query). false keeps rows apart. */
  dedup: z.boolean().default(true),
  /** Queries and documents share ids: a candidate with the query's id is the query itself. */
  sameIdSpace: z.boolean().default(false),
  /** Judgements below are not positives. */
  minRelevance: z.number().default(1),
  /** Share of bad rows above which the run fails. */
  maxBadRows: share.default(0.01),
});
