import type { DuckDBConnection } from '@duckdb/node-api';
import type { Side, Table } from '@quarry/workflows';
import { readNumber } from '../../tables/duckdb-columns.ts';
import type { ClusterPair, Content, Example, ScoredDocument } from './example.ts';
import type { Examples, SourceFile, VisitedQueries } from './export-source.ts';
import { streamRows } from './stream-rows.ts';

interface PublishedRun {
  readonly connection: DuckDBConnection;
  readonly files: ReadonlyMap<Table, readonly SourceFile[]>;
  readonly signal: AbortSignal;
}

/**
 * The rows of an export out of the published tables alone, for a run whose cache is gone or elsewhere: texts without ids
 * and scores, and of a query's positives those that the table triplet has.
 *
 * Memory: a chunk of rows and the texts of one query or cluster.
 */
export class PublishedExamples implements Examples {
  readonly groups = ['default'];
  readonly hasImages = false;
  readonly #from: PublishedRun;

  constructor(from: PublishedRun) {
    this.#from = from;
  }

  /**
   * The rows of `triplet` are pairs x negatives of a query, one query after the other. Queries of equal text that follow
   * each other (`input.dedup: false`) come as one, and what is a positive of either is no negative.
   */
  async examples(visit: (example: Example) => void): Promise<VisitedQueries> {
    let query: string | undefined;
    let positives = new Set<string>();
    let negatives = new Set<string>();
    let empty = 0;
    const visitQuery = (text: string): void => {
      const rest = [...negatives].filter((negative) => !positives.has(negative));
      if (rest.length === 0) empty++;
      else {
        const paired = [...positives].map(unscored);
        visit({ query: unscored(text), positives: paired, paired, negatives: rest.map(unscored) });
      }
    };
    for await (const row of streamRows(this.#from, 'SELECT anchor, positive, negative FROM triplet')) {
      if (row.anchor !== query) {
        if (query !== undefined) visitQuery(query);
        query = String(row.anchor);
        positives = new Set();
        negatives = new Set();
      }
      positives.add(String(row.positive));
      negatives.add(String(row.negative));
    }
    if (query !== undefined) visitQuery(query);
    const without = await this.#withoutNegatives();
    return { without: without === null ? null : without + empty };
  }

  async clusters(visit: (pairs: readonly ClusterPair[]) => void): Promise<void> {
    let cluster: unknown;
    let pairs: ClusterPair[] = [];
    const columns = 'cluster, query_id, query, positive_id, positive';
    for await (const row of streamRows(this.#from, `SELECT ${columns} FROM clusters`)) {
      if (row.cluster !== cluster) {
        if (pairs.length > 0) visit(pairs);
        pairs = [];
        cluster = row.cluster;
      }
      pairs.push({
        query: { id: String(row.query_id), text: String(row.query), image: null },
        positive: { id: String(row.positive_id), text: String(row.positive), image: null },
      });
    }
    if (pairs.length > 0) visit(pairs);
  }

  contents(_side: Side, _visit: (content: Content) => void): Promise<void> {
    throw new Error('the corpus is asked for, and the format does not say that it needs it');
  }

  planned(_side: Side): never {
    throw new Error('the corpus is asked for, and the format does not say that it needs it');
  }

  judgements(): Promise<void> {
    throw new Error('judgements are asked for, and the format does not say that it needs the corpus');
  }

  writeImages(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): void {}

  async #withoutNegatives(): Promise<number | null> {
    if (!this.#from.files.has('candidates')) return null;
    return readNumber(
      this.#from.connection,
      `SELECT count(*) FROM (
         SELECT query_id FROM candidates GROUP BY query_id HAVING count(*) FILTER (verdict = 'kept') = 0)`,
    );
  }
}

function unscored(text: string): ScoredDocument {
  return { id: '', text, image: null, score: Number.NaN };
}
