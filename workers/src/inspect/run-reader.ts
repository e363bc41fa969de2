import { PLAN_FILES, shardFile } from '@quarry/activities/stages/run-document';
import { openStore } from '@quarry/activities/storage/open-store';
import { type DuckDb, openDuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import { decodeNpy } from '@quarry/activities/tables/npy';
import { CommandError } from '../command-error.ts';
import type { OpenRun } from './open-run.ts';

/** A document with its text, which is null where neither the cache nor a table holds it. */
export interface Content {
  readonly id: string;
  readonly text: string | null;
}

/** One row of `candidates`, with the document's text. */
export interface InspectedCandidate {
  readonly document: Content;
  readonly rank: number;
  readonly score: number;
  readonly owner: Content | null;
  readonly ownerScore: number | null;
  readonly kept: boolean;
  readonly reason: string | null;
}

/** Which queries. */
export interface Choice {
  readonly query?: string | undefined;
  /** Drawn by the hash of their ids: always the same. */
  readonly sample: number;
  /** Only queries of which a candidate was dropped for this reason. */
  readonly reason?: string | undefined;
}

/** Reads what a run says of its queries. Memory: DuckDB's limit and the rows of one query. */
export class RunReader {
  readonly #run: OpenRun;
  readonly #duckdb: DuckDb;
  readonly #scratch: string;
  readonly #made = new Set<string>();

  private constructor(run: OpenRun, duckdb: DuckDb, scratch: string) {
    this.#run = run;
    this.#duckdb = duckdb;
    this.#scratch = scratch;
  }

  /** Opens the tables. Throws a CommandError where the run published no `candidates`. */
  static async open(run: OpenRun, scratch: string): Promise<RunReader> {
    const reader = new RunReader(run, await openDuckDb({ directory: scratch }), scratch);
    if (!(await reader.#view('candidates')))
      throw new CommandError(
        2,
        `${run.runId} was mined without the table candidates, in which every verdict lies; add it to output.tables and run the job again: only writing is left to do`,
      );
    await reader.#view('clusters');
    for (const side of ['documents', 'queries'] as const) await reader.#planView(side);
    return reader;
  }

  close(): void {
    this.#duckdb.close();
  }

  /** Queries in an order that is random but always the same, those that keep a negative first. */
  async queryIds({ query, sample, reason }: Choice): Promise<readonly string[]> {
    const conditions = [
      ...(query === undefined ? [] : [`query_id = ${sqlText(query)}`]),
      ...(reason === undefined ? [] : [`reason = ${sqlText(reason)}`]),
    ];
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    const rows = await this.#rows(
      `SELECT query_id FROM candidates ${where} GROUP BY query_id
       ORDER BY count(*) FILTER (verdict = 'kept') = 0, md5(query_id) LIMIT ${sample}`,
    );
    return rows.map((row) => String(row.query_id));
  }

  /** Every candidate of a query, by rank. */
  async candidatesOf(query: string): Promise<readonly InspectedCandidate[]> {
    const text = (side: 'documents' | 'queries', id: string): string =>
      this.#made.has(side) ? `(SELECT any_value(text) FROM ${side} WHERE id = ${id})` : 'NULL';
    const rows = await this.#rows(`
      SELECT c.*, ${text('documents', 'c.document_id')} AS text, ${text('queries', 'c.owner_query_id')} AS owner_text
      FROM candidates c WHERE query_id = ${sqlText(query)} ORDER BY rank`);
    return rows.map((row) => ({
      document: { id: String(row.document_id), text: textOf(row.text) },
      rank: Number(row.rank),
      score: Number(row.score),
      owner:
        row.owner_query_id === null ? null : { id: String(row.owner_query_id), text: textOf(row.owner_text) },
      ownerScore: row.owner_score === null ? null : Number(row.owner_score),
      kept: row.verdict === 'kept',
      reason: textOf(row.reason),
    }));
  }

  /** A query and its positives; from the plan, else from `clusters`, else the id alone. */
  async queryOf(id: string): Promise<{ readonly query: Content; readonly positives: readonly Content[] }> {
    if (this.#made.has('queries')) {
      const [row] = await this.#rows(`SELECT query, text FROM queries WHERE id = ${sqlText(id)}`);
      const documents = row ? await this.#positivesOf(Number(row.query)) : [];
      const found = documents.length
        ? await this.#rows(
            `SELECT id, text FROM documents WHERE document IN (${documents.join(', ')}) ORDER BY document`,
          )
        : [];
      const positives = found.map((document) => ({ id: String(document.id), text: textOf(document.text) }));
      return { query: { id, text: textOf(row?.text) }, positives };
    }
    if (!this.#made.has('clusters')) return { query: { id, text: null }, positives: [] };
    const rows = await this.#rows(
      `SELECT DISTINCT query, positive_id, positive FROM clusters WHERE query_id = ${sqlText(id)} ORDER BY positive_id`,
    );
    const positives = rows.map((row) => ({ id: String(row.positive_id), text: textOf(row.positive) }));
    return { query: { id, text: textOf(rows[0]?.query) }, positives };
  }

  async #positivesOf(query: number): Promise<readonly number[]> {
    const array = async (name: string): Promise<Int32Array> => {
      const uri = `${this.#planDirectory}/${name}`;
      return decodeNpy<Int32Array>(await openStore(uri).read(uri), uri).data;
    };
    const offsets = await array(PLAN_FILES.queryPairs);
    const documents = await array(PLAN_FILES.pairDocument);
    return [...documents.subarray(offsets[query]!, offsets[query + 1]!)];
  }

  get #planDirectory(): string {
    return `${this.#run.cache}/plan/${this.#run.document!.planKey}`;
  }

  async #view(table: 'candidates' | 'clusters'): Promise<boolean> {
    const files = this.#run.files.filter((path) => path.startsWith(`data/${table}/`));
    return this.#viewOf(
      table,
      files.map((path) => `${this.#run.directory}/${path}`),
    );
  }

  async #planView(side: 'documents' | 'queries'): Promise<void> {
    const { document } = this.#run;
    if (!document) return;
    const { documentShards, queryShards } = document.plan;
    const shards = side === 'documents' ? documentShards : queryShards;
    const uris = shards.map((_, shard) => `${this.#planDirectory}/${shardFile(side, shard)}`);
    const present = await Promise.all(uris.map((uri) => openStore(uri).size(uri)));
    if (present.every((bytes) => bytes !== null)) await this.#viewOf(side, uris);
  }

  async #viewOf(name: string, uris: readonly string[]): Promise<boolean> {
    if (uris.length === 0) return false;
    const files = await Promise.all(uris.map((uri) => openStore(uri).localCopy(uri, this.#scratch)));
    await this.#duckdb.connection.run(
      `CREATE VIEW ${name} AS SELECT * FROM read_parquet([${files.map(sqlText).join(', ')}])`,
    );
    this.#made.add(name);
    return true;
  }

  async #rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#duckdb.connection.runAndReadAll(sql)).getRowObjects();
  }
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
