import { TABLES } from '@quarry/workflows';
import { z } from 'zod';

/**
 * What `report.json` holds; published as `workers/report.schema.json`. Shares are 0 to 1, times seconds, sizes bytes. The
 * page `report.html` and the data set card are made of it and of nothing else.
 */

const count = z.int().min(0);
const share = z.number().min(0).max(1);
const counted = z.strictObject({ count, share });

/** Counts in equal bins between two ends; the ends belong to the first and the last. */
const histogram = z.strictObject({
  from: z.number(),
  to: z.number(),
  bins: z.array(count),
  under: count,
  over: count,
});

/** Counts by name: of a reason, of a rank's bin. */
const counts = z.record(z.string(), count);

const asked = z.strictObject({
  input: z.strictObject({ format: z.string(), path: z.string() }),
  model: z.strictObject({
    kind: z.string(),
    path: z.string(),
    sha256: z.string(),
    dimension: count,
    maxLength: count,
    oneRowAtATime: z.boolean(),
    /** Prompts and what else is done to a row before it is embedded. */
    preprocessing: z.record(z.string(), z.unknown()),
  }),
  /** The section `mining` of the job, defaults filled in. */
  mining: z.record(z.string(), z.unknown()),
  /** The filters in the order in which they look, each with its parameters. */
  filters: z.array(z.looseObject({ name: z.string() })),
  /** Candidates per query. */
  candidates: count,
  seed: count,
  versions: z.record(z.string(), z.string()),
});

const index = z.strictObject({
  engine: z.string(),
  why: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  parts: count,
  /** Recall against exact search on a sample of queries; `lower` and `upper` are the 95 % interval of `recallAtK`. */
  recall: z.looseObject({ recallAtK: share, k: count, sample: count }),
});

const retrieval = z.strictObject({
  queries: count,
  'hit@1': share,
  'hit@5': share,
  'hit@10': share,
  'recall@10': share,
  'mrr@10': share,
  'ndcg@10': share,
  /** Queries by the rank of their first positive. */
  firstPositive: counts,
});

const negatives = z.strictObject({
  /** Kept per query, on average. */
  mean: z.number(),
  /** Asked for in an n-tuple. */
  asked: count,
  /** Queries whose rows come out, with fewer than asked. */
  queriesWithFewer: count,
  /** Queries whose rows come out, by the number of negatives they keep. */
  perQuery: counts,
  /** Kept negatives by their rank among the candidates. */
  ranks: counts,
  /** Similarity of their owners to the query; null where the strategy looks at no owners. */
  ownerScores: z.strictObject({ kept: histogram, dropped: histogram }).nullable(),
});

const clusters = z.strictObject({
  clusters: count,
  phases: z.tuple([count, count]),
  /** Pairs beside the anchors. */
  members: count,
  /** Clusters by number of pairs, the anchor's included. */
  sizeHistogram: counts,
  /** Pairs of a full cluster: K and the anchor. */
  asked: count,
  /** Full clusters; the others say in the table how many pairs are `missing`. */
  full: counted,
  /** Share of the kept candidates that have no owner. */
  unownedShare: share,
});

const group = z.strictObject({
  name: z.string(),
  documents: count,
  queries: count,
  pairs: count,
  /** SaHa's classification case. */
  classification: z.boolean(),
  candidates: count,
  kept: count,
  /** By reason. */
  dropped: counts,
  /** null where the strategy makes none. */
  clusters: count.nullable(),
});

const stage = z.strictObject({
  units: count,
  computed: count,
  reused: count,
  rows: count,
  /** Sum over the units of their computing time. */
  seconds: z.number().min(0),
  /** Rows put out per second of computing; null where nothing was computed. */
  rowsPerSecond: z.number().min(0).nullable(),
});

/** A query or a document by its id, with the beginning of its text ('' where there is none) and its image. */
const content = {
  id: z.string(),
  text: z.string(),
  image: z
    .strictObject({
      /** As the input names it; null where the input brought bytes without a name. */
      path: z.string().nullable(),
      /** `data:` URI of a small WebP; null where it could not be drawn, or enough were. */
      thumbnail: z.string().nullable(),
    })
    .nullable(),
};
const score = z.number();

/** One query as a person looks at it. */
const example = z.strictObject({
  /** One of the likeliest false negatives is among its kept, or it was drawn by the seed. */
  why: z.enum(['suspect', 'sample']),
  query: z.strictObject(content),
  positives: count,
  /** The best of them; a score is null where only the published tables were at hand. */
  shownPositives: z.array(z.strictObject({ ...content, score: score.nullable() })),
  kept: count,
  /** Candidates by the reason they were dropped for. */
  dropped: counts,
  /** Some of the kept, then some of the dropped. */
  candidates: z.array(
    z.strictObject({
      ...content,
      rank: count,
      score,
      owner: z.strictObject(content).nullable(),
      ownerScore: score.nullable(),
      /** null: it was kept. */
      reason: z.string().nullable(),
      /** The likeliest false negative of the query. */
      suspect: z.boolean(),
    }),
  ),
});

/** A kept negative that may be a false one. */
const suspect = z.strictObject({
  query: z.string(),
  document: z.string(),
  rank: count,
  score,
  /** The query's highest score of a positive. */
  positiveScore: score,
  ownerScore: score.nullable(),
  /** What the pair rule measures of it; null where the chain has no pair rule. */
  pairScore: score.nullable(),
  /** What the pair rule measures; else score and owner's similarity averaged; else the score alone. */
  suspicion: score,
});

export const reportSchema = z.strictObject({
  runId: z.string(),
  job: z.strictObject({ name: z.string(), hash: z.string() }),
  strategy: z.string(),
  asked,
  index,
  counts: z.strictObject({
    documents: count,
    queries: count,
    pairs: count,
    duplicates: count,
    quarantined: count,
    unminedQueries: count,
    unownedDocuments: count,
  }),
  /** Counts of every group; null where the input knows none. */
  groups: z.array(group).nullable(),
  inputs: z.array(
    z.strictObject({ name: z.string(), uri: z.string(), rows: count, duplicates: count, quarantined: count }),
  ),
  /** The first ten bad rows. */
  quarantined: z.array(z.unknown()),
  /** By group: how well the model retrieves the known positives. */
  retrieval: z.record(z.string(), retrieval),
  funnel: z.strictObject({ candidates: count, kept: counted, dropped: z.record(z.string(), counted) }),
  negatives,
  /** Counts by score. */
  scores: z.strictObject({
    positive: histogram,
    kept: histogram,
    /** By reason. */
    dropped: z.record(z.string(), histogram),
  }),
  /** null where the strategy makes none. */
  clusters: clusters.nullable(),
  tables: z.array(
    z.strictObject({
      table: z.enum(TABLES),
      rows: count,
      files: count,
      bytes: count,
      /** Before compression. */
      uncompressedBytes: count,
    }),
  ),
  /** How the files were read back before the manifest was put. */
  verification: z.string(),
  execution: z.strictObject({
    startedAt: z.string(),
    stages: z.record(z.string(), stage),
    /** Length of the union of the intervals in which at least one stage computed. */
    busySeconds: z.number().min(0),
  }),
  /** The threshold that the run found by itself; null where the job left none open. */
  calibration: z
    .strictObject({ filter: z.string(), above: z.number(), met: z.boolean(), why: z.string() })
    .nullable(),
  /** Of the kept negatives, with a 95 % interval; null where nothing is known of it, and why. */
  falseNegatives: z.strictObject({
    estimate: z.strictObject({ rate: share, low: share, high: share, sample: count }).nullable(),
    why: z.string(),
  }),
  /** The likeliest false negatives, one for a query, the likeliest first. */
  suspects: z.array(suspect),
  examples: z.array(example),
  /** One line per figure that is bad, with what to do. */
  advice: z.array(z.string()),
});

export type Report = z.output<typeof reportSchema>;
