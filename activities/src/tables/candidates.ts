import { NO_CANDIDATE, type Range, REASONS } from '@quarry/workflows';
import { JUDGES, type JudgeName } from '@quarry/workflows/judges';
import { GIVEN_SOURCES } from '../dataset/given-candidates.ts';
import type { DenseColumns } from './dense-rows.ts';
import { sqlText } from './duckdb.ts';
import { assertRows } from './training-pairs.ts';

const NAMES = `[${REASONS.map(sqlText).join(', ')}]`;

const SOURCE_NAMES = `[${['search', ...GIVEN_SOURCES].map(sqlText).join(', ')}]`;

/**
 * `candidates`: the lossless table. Every candidate, its scores, its verdict and reason, by query and rank. A SELECT of
 * `place` and the columns out of the tables `dense`, `documents` and `queries`, for the places that satisfy `where`.
 */
export function selectCandidates(where: string): string {
  return `
    SELECT r.place, q.id AS query_id, d.id AS document_id, r.rank, r.score, o.id AS owner_query_id,
      CASE WHEN isnan(r.owner_score) THEN NULL ELSE r.owner_score END AS owner_score,
      CASE WHEN r.reason = 0 THEN 'kept' ELSE 'dropped' END AS verdict,
      CASE WHEN r.reason = 0 THEN NULL ELSE ${NAMES}[r.reason + 1] END AS reason,
      CASE WHEN isnan(r.relevance) THEN NULL ELSE r.relevance END AS relevance,
      ${SOURCE_NAMES}[r.source + 1] AS source,
      CASE WHEN r.given_rank = 0 THEN NULL ELSE r.given_rank END AS given_rank,
      CASE WHEN isnan(r.given_score) THEN NULL ELSE r.given_score END AS given_score,
      CASE WHEN isnan(r.cross_encoder) THEN NULL ELSE r.cross_encoder END AS cross_encoder_score,
      CASE WHEN isnan(r.judge) THEN NULL ELSE r.judge END AS judge_score
    FROM (SELECT * FROM dense WHERE ${where}) r
    JOIN queries q ON q.query = r.query
    JOIN documents d ON d.document = r.document
    LEFT JOIN queries o ON o.query = r.owner`;
}

/** One query shard's candidates. */
export interface ShardCandidates {
  readonly queries: Range;
  readonly k: number;
  /** int32 [q, k] */
  readonly ids: Int32Array;
  /** float32 [q, k] */
  readonly scores: Float32Array;
  /** uint8 [q, k]: codes of reasons. */
  readonly reasons: Uint8Array;
  /** int32 [q, k], -1 = none; null where the strategy looks at no owners. */
  readonly owners: Int32Array | null;
  /** float32 [q, k] */
  readonly ownerScores: Float32Array | null;
  /** uint8 [q, k]: 0 search, else 1 + the place in `GIVEN_SOURCES`; null where all are of the search. */
  readonly sources: Uint8Array | null;
  /** What another retriever said of a candidate; rank 0 and score NaN where it said nothing. */
  readonly foreign: (query: number, document: number) => { readonly rank: number; readonly score: number };
  /** float32 [q, k]: what models said of the candidates, NaN where they were not asked; those that the chain asks. */
  readonly judged: Readonly<Partial<Record<JudgeName, Float32Array>>>;
  /** What was judged of a query (dense id): relevance by document. */
  readonly judgements: (query: number) => ReadonlyMap<number, number>;
}

/** The shard's rows `start` (inclusive) to `end` (exclusive), dense. */
export function candidateRows(shard: ShardCandidates, start: number, end: number): DenseColumns {
  const rows = end - start;
  const integers = (): Int32Array => new Int32Array(rows);
  const dense = {
    query: integers(),
    document: integers(),
    rank: integers(),
    score: new Float32Array(rows),
    reason: integers(),
    owner: integers().fill(-1),
    owner_score: new Float32Array(rows).fill(Number.NaN),
    relevance: new Float32Array(rows).fill(Number.NaN),
    source: integers(),
    given_rank: integers(),
    given_score: new Float32Array(rows),
    cross_encoder: new Float32Array(rows).fill(Number.NaN),
    judge: new Float32Array(rows).fill(Number.NaN),
  };
  const { queries, k, ids, scores, reasons, owners, ownerScores, sources } = shard;
  let row = -start;
  for (let i = 0; i < queries.end - queries.start && row < rows; i++) {
    const judgements = shard.judgements(queries.start + i);
    for (let rank = 0; rank < k; rank++) {
      const at = i * k + rank;
      if (reasons[at] === NO_CANDIDATE) continue;
      if (row >= 0 && row < rows) {
        dense.query[row] = queries.start + i;
        dense.document[row] = ids[at]!;
        dense.rank[row] = rank + 1;
        dense.score[row] = scores[at]!;
        dense.reason[row] = reasons[at]!;
        if (owners && ownerScores && owners[at]! >= 0) {
          dense.owner[row] = owners[at]!;
          dense.owner_score[row] = ownerScores[at]!;
        }
        const relevance = judgements.get(ids[at]!);
        if (relevance !== undefined) dense.relevance[row] = relevance;
        if (sources) dense.source[row] = sources[at]!;
        const foreign = shard.foreign(queries.start + i, ids[at]!);
        dense.given_rank[row] = foreign.rank;
        dense.given_score[row] = foreign.score;
        for (const judge of JUDGES) {
          const said = shard.judged[judge];
          if (said) dense[judge][row] = said[at]!;
        }
      }
      row++;
    }
  }
  assertRows('candidates', row + start, end);
  return dense;
}
