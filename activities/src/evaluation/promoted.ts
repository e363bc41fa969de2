import type { Reason } from '@quarry/workflows';
import { sqlText } from '../tables/duckdb.ts';

/** Reasons that say of a candidate that it may well be an answer; the others say nothing of the kind. */
const SUSPICIOUS: readonly Reason[] = [
  'absolute_margin',
  'relative_margin',
  'max_score',
  'owner_similar',
  'near_duplicate_positive',
  'pair',
  'cross_encoder',
  'judge',
];

/** Those of a model that was asked: enough alone. */
const ASKED: readonly Reason[] = ['cross_encoder', 'judge'];

const list = (reasons: readonly Reason[]): string => reasons.map(sqlText).join(', ');

/**
 * A SELECT over the view `candidates`: those that look like missing positives. They were dropped for a reason that says so,
 * and score at least as high as the query's best known positive among its candidates (`positive_score`), or a model that
 * was asked said that they answer. All columns of `candidates`, and `positive_score` (null where no positive was retrieved).
 */
export const SELECT_PROMOTED = `
  SELECT c.*, p.positive_score
  FROM candidates c LEFT JOIN (
    SELECT query_id, max(score) AS positive_score FROM candidates WHERE reason = 'known_positive' GROUP BY query_id
  ) p USING (query_id)
  WHERE c.reason IN (${list(SUSPICIOUS)}) AND (c.score >= p.positive_score OR c.reason IN (${list(ASKED)}))`;
