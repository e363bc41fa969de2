import type { Job, Table } from '@quarry/workflows';
import type { OpenTables } from './open-tables.ts';

/** What a table trains as negatives. */
export interface TableNegatives {
  readonly table: Table;
  /** SELECT of (query_id, document_id, rank, score); null where they cannot be told. */
  readonly negatives: string | null;
  /** SELECT of the share that is filled, over so many queries. */
  readonly filled: (queries: number) => string;
  /** Why `negatives` is null. */
  readonly note?: string;
}

/**
 * The negatives of every table that the run published.
 *
 * - `triplet`: the kept candidates
 * - `n-tuple`: its negatives, found again by their texts
 * - `clusters`: every ordered pair (query, document) of two members, because training is in-batch; the score is known
 *   where the document is among the query's candidates
 * - `candidates`: every candidate but the query itself and its known positives: what there was to choose from, so the
 *   rate without any filter
 */
export function negativesOf({ job, tables, texts }: OpenTables): readonly TableNegatives[] {
  const { topK, numNegatives } = job.mining;
  const kept = "SELECT query_id, document_id, rank, score FROM candidates WHERE verdict = 'kept'";
  const found: TableNegatives[] = [{ table: 'triplet', negatives: kept, filled: atLeast(askedFor(job)) }];
  if (tables.has('n-tuple')) {
    found.push({
      table: 'n-tuple',
      negatives: texts ? nTuples(numNegatives) : null,
      filled: atLeast(numNegatives),
      ...(!texts && { note: 'no n-tuple: the texts by which its ids are found are gone from the cache' }),
    });
  }
  if (tables.has('clusters')) {
    found.push({
      table: 'clusters',
      negatives: CLUSTERS,
      filled: () =>
        `SELECT avg(CASE WHEN n > ${topK} THEN 1 ELSE 0 END) FROM (SELECT count(*) AS n FROM clusters GROUP BY cluster)`,
    });
  }
  const candidates = 'SELECT query_id, document_id, rank, score FROM judged_candidates';
  return [...found, { table: 'candidates', negatives: candidates, filled: atLeast(1) }];
}

/** Negatives that the job asks for, per query. */
function askedFor({ mining }: Pick<Job, 'mining'>): number {
  return mining.strategy === 'saha' ? mining.topK : mining.numNegatives;
}

function atLeast(negatives: number): TableNegatives['filled'] {
  return (queries) =>
    `SELECT count(*) / ${queries} FROM (SELECT query_id FROM judged_negatives GROUP BY query_id HAVING count(*) >= ${negatives})`;
}

function nTuples(numNegatives: number): string {
  const columns = Array.from({ length: numNegatives }, (_, i) => `negative_${i + 1}`).join(', ');
  return `
    SELECT DISTINCT c.query_id, c.document_id, c.rank, c.score
    FROM (SELECT anchor, unnest([${columns}]) AS negative FROM "n-tuple") t
    JOIN queries q ON q.text = t.anchor
    JOIN documents d ON d.text = t.negative
    JOIN candidates c ON c.query_id = q.id AND c.document_id = d.id`;
}

const CLUSTERS = `
  SELECT a.query_id, b.positive_id AS document_id, c.rank, c.score
  FROM clusters a JOIN clusters b ON b.cluster = a.cluster AND b.position <> a.position
  LEFT JOIN candidates c ON c.query_id = a.query_id AND c.document_id = b.positive_id`;
