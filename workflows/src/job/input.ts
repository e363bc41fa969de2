import { z } from 'zod';
import { count, share, uri } from './fields.ts';

const columns = z.strictObject({
  /** A text, or a list of texts that share the row's positives. */
  query: z.string().default('query'),
  /** An image: a path below `imageRoot`, or `{bytes, path}`. With it the text may be missing. */
  queryImage: z.string().optional(),
  positive: z.string().default('positive'),
  positiveImage: z.string().optional(),
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
      image: z.string().optional(),
    })
    .prefault({}),
});

/** What goes in: where the rows lie and how they are read. */
export const input = z.strictObject({
  format: z.enum(['beir', 'pairs', 'classification', 'mmeb']),
  path: uri,
  /** beir: `qrels/<split>.tsv`; classification: `<split>.jsonl` where the path is a directory; mmeb: files of each subset. */
  split: z.string().default('train'),
  columns: columns.prefault({}),
  /** pairs: documents beside the positives. With it, `columns.positive` may hold ids (`positiveId`) or contents. */
  corpus: corpus.optional(),
  /** Where the paths of images begin; default: the directory of the input. */
  imageRoot: uri.optional(),
  /** Pixels of an image above which it is a bad row, decided before it is decoded. */
  maxImagePixels: count.default(64 * 2 ** 20),
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
