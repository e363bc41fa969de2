import { z } from 'zod';
import { TABLES } from './terms.ts';

/**
 * The job: the specification of a run. Strict, so that a misspelled key is refused; every default stands here.
 * Paths are relative to the job file; {@link Job} holds them resolved to URIs (`file:`, `s3:`).
 */

/** Candidates per query, so that a place among them fits the stages' arrays. */
const MOST_CANDIDATES = 30_000;

const uri = z.string().min(1);
const share = z.number().min(0).max(1);
const count = z.int().min(1);

const columns = z.strictObject({
  query: z.string().default('query'),
  positive: z.string().default('positive'),
  /** Ids of the input's own; without them the row number is the id. */
  queryId: z.string().optional(),
  positiveId: z.string().optional(),
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

const input = z.strictObject({
  format: z.enum(['beir', 'pairs', 'classification']),
  path: uri,
  /** beir: `qrels/<split>.tsv`; classification: `<split>.jsonl` where the path is a directory. */
  split: z.string().default('train'),
  columns: columns.prefault({}),
  /** pairs: documents beside the positives. With it, `columns.positive` may hold ids (`positiveId`) or contents. */
  corpus: corpus.optional(),
  /** Equal content is one document (and one query). false keeps rows apart. */
  dedup: z.boolean().default(true),
  /** Queries and documents share ids: a candidate with the query's id is the query itself. */
  sameIdSpace: z.boolean().default(false),
  /** Judgements below are not positives. */
  minRelevance: z.number().default(1),
  /** Share of bad rows above which the run fails. */
  maxBadRows: share.default(0.01),
});

const prompt = z.union([
  z.enum(['hierarchical', 'system', 'user', 'none']),
  z.strictObject({
    system: z.string().optional(),
    queryText: z.string().optional(),
    queryImage: z.string().optional(),
    document: z.string().optional(),
  }),
]);

const encoder = z.strictObject({
  kind: z.literal('encoder'),
  path: uri,
  /** The graph inside the directory. */
  file: z.string().default('onnx/model.onnx'),
  queryPrefix: z.string().default(''),
  documentPrefix: z.string().default(''),
  /** Tokens, special ones included; default: what the model's own files say. */
  maxLength: count.optional(),
});

const generator = z.strictObject({
  kind: z.literal('generator'),
  path: uri.default('bundled:quarry-mini'),
  file: z.string().default('onnx/model.onnx'),
  prompt: prompt.default('hierarchical'),
  /** Tokens of the rendered prompt; the user text is what gets cut. */
  maxLength: count.optional(),
});

const vectors = z.strictObject({
  kind: z.literal('vectors'),
  /** `.npy`, one row per row of the input's query file, float16 or float32. */
  queries: uri,
  /** `.npy`, one row per row of the input's document file. */
  documents: uri,
  normalize: z.boolean().default(true),
});

const search = z.strictObject({
  engine: z.enum(['auto', 'exact', 'hnswlib']).default('auto'),
  /** HNSW: links per node. */
  m: z.int().min(4).max(64).default(16),
  efConstruction: z.int().min(8).max(2000).default(200),
  /** HNSW: breadth of the search; default twice the candidates per query. */
  efSearch: z.int().min(8).max(10000).optional(),
  /** Queries on which recall is measured. */
  recallSample: z.int().min(1).max(10000).default(200),
});

const mining = z.strictObject({
  strategy: z.enum(['saha', 'margin']).default('saha'),
  /** K of the paper: pairs kept for an anchor. */
  topK: z.int().min(1).max(1000).default(15),
  /** m of the paper: strength of the self-aware filter. */
  poolMultiplier: z.int().min(1).max(100).default(3),
  /** Documents without an owner: passed over, or negatives of triplets. */
  unowned: z.enum(['drop', 'keep']).default('drop'),
  /** SaHa's classification case: rank order instead of the self-aware filter. Default: the format's. */
  classification: z.boolean().optional(),
  /** Negatives of an n-tuple; with `margin` of a query. */
  numNegatives: z.int().min(1).max(1000).default(3),
  relativeMargin: share.optional(),
  absoluteMargin: z.number().min(0).optional(),
  maxScore: z.number().optional(),
  minScore: z.number().optional(),
  /** Ranks to skip. */
  rangeMin: z.int().min(0).default(0),
  /** Last rank looked at (exclusive). */
  rangeMax: z.int().min(1).optional(),
  sampling: z.enum(['top', 'random']).default('top'),
});

const output = z.strictObject({
  path: uri.default('out'),
  /** Default: all that the strategy makes. */
  tables: z.array(z.enum(TABLES)).min(1).optional(),
  compression: z.enum(['snappy', 'zstd']).default('snappy'),
});

/** How the work is cut and paced. Changes neither a result nor the run's id. */
const execution = z.strictObject({
  /** Documents (and queries) per shard at most; default from the size of the texts. */
  shardRows: count.optional(),
  /** Documents per index part at most; default from the size of the vectors. */
  partRows: count.optional(),
  /** Units of one stage in flight at once. */
  window: z.int().min(1).max(500).default(64),
});

const shape = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'use 1 to 64 of a-z, 0-9, ".", "_" and "-"'),
  input,
  model: z.discriminatedUnion('kind', [encoder, generator, vectors]).prefault({ kind: 'generator' }),
  search: search.prefault({}),
  mining: mining.prefault({}),
  output: output.prefault({}),
  /** URI of the memoised stages; default `<output>/cache`. */
  cache: uri.optional(),
  execution: execution.prefault({}),
  seed: z.int().min(0).default(42),
});

/** The schema of a job file, cross-field rules with advice included. */
export const jobSchema = shape.superRefine((job, context) => {
  const refuse = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  const { mining: m, input: i } = job;
  const deepest = m.strategy === 'saha' ? 2 * m.topK * m.poolMultiplier : (m.rangeMax ?? 0);
  if (deepest > MOST_CANDIDATES) {
    const path = m.strategy === 'saha' ? 'poolMultiplier' : 'rangeMax';
    refuse(
      ['mining', path],
      `asks for ${deepest} candidates per query; at most ${MOST_CANDIDATES} are possible; lower it`,
    );
  }
  if (m.strategy === 'saha') {
    for (const field of ['relativeMargin', 'absoluteMargin', 'maxScore', 'minScore', 'rangeMax'] as const) {
      if (m[field] !== undefined) {
        refuse(
          ['mining', field],
          `${m[field]} has no effect with strategy saha; use strategy: margin or remove it`,
        );
      }
    }
    if (m.rangeMin !== 0)
      refuse(
        ['mining', 'rangeMin'],
        `${m.rangeMin} has no effect with strategy saha; use strategy: margin or remove it`,
      );
    if (m.sampling !== 'top')
      refuse(
        ['mining', 'sampling'],
        `${m.sampling} has no effect with strategy saha; use strategy: margin or remove it`,
      );
  } else {
    if (m.unowned === 'keep')
      refuse(['mining', 'unowned'], 'margin looks at no owners; use strategy: saha or remove it');
    if (m.classification !== undefined)
      refuse(
        ['mining', 'classification'],
        'margin has no classification case; use strategy: saha or remove it',
      );
    if (job.output.tables?.includes('clusters')) {
      refuse(
        ['output', 'tables'],
        'margin makes no clusters; use strategy: saha or remove clusters from the tables',
      );
    }
  }
  if (m.rangeMax !== undefined && m.rangeMax <= m.rangeMin) {
    refuse(
      ['mining', 'rangeMax'],
      `${m.rangeMax} is not above rangeMin ${m.rangeMin}, so no rank is left; raise it`,
    );
  }
  if (m.minScore !== undefined && m.maxScore !== undefined && m.minScore > m.maxScore) {
    refuse(
      ['mining', 'minScore'],
      `${m.minScore} is above maxScore ${m.maxScore}, so no score is left; lower it`,
    );
  }
  if (i.corpus && i.format !== 'pairs') {
    refuse(
      ['input', 'corpus'],
      `format ${i.format} brings its own documents; use format: pairs or remove it`,
    );
  }
});

/** A checked job with every default filled in. */
export type Job = z.output<typeof jobSchema>;
/** A job as a person writes it. */
export type JobInput = z.input<typeof jobSchema>;
