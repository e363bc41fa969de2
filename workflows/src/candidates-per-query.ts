import type { GivenMode } from './given-candidates.ts';
import type { Job } from './job.ts';

/** What the number of candidates depends on, beside the job. */
export interface CandidatesPerQueryInput {
  /** Most positives of one query. */
  readonly maxPositives: number;
  /** Documents of the corpus. */
  readonly documents: number;
  /** Most documents that are one query itself (0 to 2): they take places and are dropped. Default 0. */
  readonly maxSelf?: number;
  /** Candidates that the input brings, where it brings some: most of one query, and what becomes of the search. */
  readonly given?: { readonly mostOfAQuery: number; readonly mode: GivenMode } | undefined;
}

/** The retrieval metrics of the report look at 10 ranks. */
const METRIC_DEPTH = 10;
/** Candidates of `best`, where nothing else is asked for. */
const BEST_DEPTH = 256;

export interface CandidatesPerQuery {
  /** Candidates of a query at most. */
  readonly k: number;
  /** Of those that survive the filters so many are looked at (exclusive). */
  readonly rangeMax: number;
  /** Candidates that the search finds: k, less where the input brings some, 0 where those replace the search. */
  readonly retrieved: number;
}

/**
 * How many candidates there are per query (`k`), and how many of those that survive the filters may be looked at
 * (`rangeMax`, exclusive). Candidates that the input brings come on top, or stand alone.
 *
 * `saha`: the paper's pool, 2 K m (arXiv 2508.00955; `first` = K m in phase 1 and 2 K m in phase 2).
 * `best`: 256, or 20 per negative asked for: with few the safe ones of a large class lie below (EXPERIMENTS.md).
 * `margin`: as sentence-transformers 6.0.1 does. `rangeMax` is the job's, else rangeMin + numNegatives + maxPositives,
 * with ten times the negatives where a relative margin, an absolute margin or maxScore may drop some (minScore does
 * not count there) or, which is ours, the job has filters or a calibration of its own; `maxPositives` more are
 * retrieved, because the positives take places. Places for documents that are the query itself are ours.
 */
export function candidatesPerQuery(
  mining: Job['mining'],
  input: CandidatesPerQueryInput,
): CandidatesPerQuery {
  const { k, rangeMax } = searched(mining, input);
  const { given, documents } = input;
  if (!given) return { k, rangeMax, retrieved: k };
  const { mode, mostOfAQuery } = given;
  if (mode === 'replace') return { k: mostOfAQuery, rangeMax: mining.rangeMax ?? mostOfAQuery, retrieved: 0 };
  return {
    k: Math.min(documents, k + mostOfAQuery),
    rangeMax: mining.rangeMax ?? rangeMax + mostOfAQuery,
    retrieved: k,
  };
}

function searched(
  mining: Job['mining'],
  { maxPositives, documents, maxSelf = 0 }: CandidatesPerQueryInput,
): { readonly k: number; readonly rangeMax: number } {
  if (mining.strategy === 'saha') {
    const pool = 2 * mining.topK * mining.poolMultiplier;
    return { k: atMost(documents, pool), rangeMax: pool };
  }
  if (mining.strategy === 'best') {
    const wanted = mining.candidates ?? Math.max(BEST_DEPTH, 2 * mining.topK, 20 * mining.numNegatives);
    return { k: atMost(documents, wanted + maxPositives + maxSelf), rangeMax: wanted };
  }
  const { numNegatives, rangeMin, relativeMargin, absoluteMargin, maxScore, filters, calibrate } = mining;
  const mayDrop =
    relativeMargin !== undefined ||
    absoluteMargin !== undefined ||
    maxScore !== undefined ||
    calibrate !== undefined ||
    (filters ?? []).length > 0;
  const rangeMax = mining.rangeMax ?? rangeMin + numNegatives * (mayDrop ? 10 : 1) + maxPositives;
  return { k: atMost(documents, rangeMax + maxPositives + maxSelf), rangeMax };
}

function atMost(documents: number, wanted: number): number {
  return Math.min(documents, Math.max(METRIC_DEPTH, wanted));
}
