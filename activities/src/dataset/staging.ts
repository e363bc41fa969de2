import { join } from 'node:path';
import { DOUBLE, type DuckDBConnection, INTEGER, VARCHAR } from '@duckdb/node-api';
import { type DuckDb, openDuckDb } from '../tables/duckdb.ts';
import { DuckDbAppender } from '../tables/duckdb-appender.ts';
import { packContent } from './packed-content.ts';
import { contentHash, type RowContent, type RowImage } from './row-content.ts';
import type { BadRow, SourceRow } from './source-row.ts';
import { TextSpool } from './text-spool.ts';

/** Which input a row belongs to, for the account and for `quarantine.jsonl`. */
export type Source =
  | 'documents'
  | 'queries'
  | 'pairs'
  /** another retriever's candidates */
  | 'candidates'
  /** negatives in the rows of the pairs */
  | 'negatives';

/** Bytes of text in one bucket of the spool. */
const BUCKET_BYTES = 64 * 2 ** 20;
const MOST_BUCKETS = 512;

const ROWS = {
  seq: INTEGER,
  source: VARCHAR,
  file: INTEGER,
  row: INTEGER,
  line: INTEGER,
  id: VARCHAR,
  /** Number of the group: groups are mined on their own. */
  grp: INTEGER,
  /** Of the content, hex: in DuckDB's order of strings the order of the bytes. */
  hash: VARCHAR,
  /** Of the text. */
  bytes: INTEGER,
  /** Bytes of the image that lie beside the text; 0 where it lies in a file; -1 where there is none. */
  image: INTEGER,
  /** Of the text spool. */
  bucket: INTEGER,
};
const PAIR_ROWS = {
  seq: INTEGER,
  file: INTEGER,
  line: INTEGER,
  query_seq: INTEGER,
  query_id: VARCHAR,
  document_seq: INTEGER,
  document_id: VARCHAR,
  relevance: DOUBLE,
};
const GIVEN_ROWS = {
  seq: INTEGER,
  source: VARCHAR,
  line: INTEGER,
  query_seq: INTEGER,
  query_id: VARCHAR,
  document_seq: INTEGER,
  document_id: VARCHAR,
  rank: INTEGER,
  score: DOUBLE,
};
const BAD_ROWS = { source: VARCHAR, file: INTEGER, line: INTEGER, id: VARCHAR, reason: VARCHAR };

/** A query or document as the readers give it. */
export interface StagedRow {
  /** The file that a bad one is counted against. */
  readonly source: Source;
  /** 0-based row in the file of given vectors, -1 where it has none. */
  readonly row: number;
  readonly line: number;
  readonly id: string;
  readonly text: string;
  readonly image?: RowImage | null;
  /** Which of the files of its source; default the first. */
  readonly file?: number;
  /** Number of its group, in the order of the groups' names; default the first. */
  readonly group?: number;
}

/** Each side by its place in staging, or by id. */
export interface StagedPair {
  readonly file?: number;
  readonly line: number;
  readonly query: number | string;
  readonly document: number | string;
  readonly relevance: number;
}

/** A candidate that the input brings; each side by its place in staging, or by id. */
export interface StagedCandidate {
  readonly source: 'candidates' | 'negatives';
  readonly line: number;
  readonly query: number | string;
  readonly document: number | string;
  readonly rank: number | null;
  readonly score: number | null;
}

/**
 * The input on its way to dense ids: keys in DuckDB tables (`document_rows`, `query_rows`, `pair_rows`, `given_rows`,
 * `bad_rows`, in input order by `seq`), contents in spools. Memory: DuckDB's limit, 17 MiB per spool, one batch of rows.
 */
export class Staging {
  readonly connection: DuckDBConnection;
  readonly documentContents: TextSpool;
  readonly queryContents: TextSpool;
  /** Data rows read of each input. */
  readonly fileRows: Record<Source, number> = {
    documents: 0,
    queries: 0,
    pairs: 0,
    candidates: 0,
    negatives: 0,
  };
  /** Rows that a file of given document vectors has, where the documents have no file of their own. */
  documentSourceRows: number | null = null;
  /** Rows whose positive is a list of another length than one. */
  listPositives = 0;
  /** Rows with a list of queries. */
  listQueries = 0;
  /** Pairs staged, and bad rows of the pairs' file that gave none. */
  pairRows = 0;

  readonly #duckDb: DuckDb;
  readonly #documents: DuckDbAppender;
  readonly #queries: DuckDbAppender;
  readonly #pairs: DuckDbAppender;
  readonly #given: DuckDbAppender;
  readonly #bad: DuckDbAppender;
  readonly #buckets: number;
  #documentSeq = 0;
  #querySeq = 0;
  #queryBytes = 0;
  #givenSeq = 0;

  private constructor(
    duckDb: DuckDb,
    directory: string,
    buckets: number,
    appenders: readonly [DuckDbAppender, DuckDbAppender, DuckDbAppender, DuckDbAppender, DuckDbAppender],
  ) {
    this.#duckDb = duckDb;
    this.connection = duckDb.connection;
    this.#buckets = buckets;
    this.documentContents = new TextSpool(join(directory, 'documents'));
    this.queryContents = new TextSpool(join(directory, 'queries'));
    [this.#documents, this.#queries, this.#pairs, this.#given, this.#bad] = appenders;
  }

  /** `inputBytes`: about how much text will come. */
  static async open(directory: string, threads: number, inputBytes: number): Promise<Staging> {
    const duckDb = await openDuckDb({ directory: join(directory, 'duckdb'), threads });
    const { connection } = duckDb;
    const buckets = Math.min(MOST_BUCKETS, Math.max(1, Math.ceil(inputBytes / BUCKET_BYTES)));
    return new Staging(duckDb, directory, buckets, [
      await DuckDbAppender.createTable(connection, 'document_rows', ROWS),
      await DuckDbAppender.createTable(connection, 'query_rows', ROWS),
      await DuckDbAppender.createTable(connection, 'pair_rows', PAIR_ROWS),
      await DuckDbAppender.createTable(connection, 'given_rows', GIVEN_ROWS),
      await DuckDbAppender.createTable(connection, 'bad_rows', BAD_ROWS),
    ]);
  }

  /** Returns its place in staging. */
  addDocument(document: StagedRow): number {
    const content = contentOf(document);
    const key = contentHash(content).toString('hex');
    const packed = packContent(content);
    // Ranges of hashes, so that buckets follow each other in dense order.
    const bucket = Math.floor((Number.parseInt(key.slice(0, 8), 16) / 2 ** 32) * this.#buckets);
    this.documentContents.add(bucket, this.#documentSeq, packed);
    addKey(this.#documents, this.#documentSeq, document, key, bucket);
    return this.#documentSeq++;
  }

  /** Returns its place in staging. */
  addQuery(query: StagedRow): number {
    const content = contentOf(query);
    const packed = packContent(content);
    const bucket = Math.floor(this.#queryBytes / BUCKET_BYTES);
    this.#queryBytes += packed.length;
    this.queryContents.add(bucket, this.#querySeq, packed);
    addKey(this.#queries, this.#querySeq, query, contentHash(content).toString('hex'), bucket);
    return this.#querySeq++;
  }

  addPair({ file = 0, line, query, document, relevance }: StagedPair): void {
    this.#pairs.add(
      this.pairRows++,
      file,
      line,
      bySeq(query),
      byId(query),
      bySeq(document),
      byId(document),
      relevance,
    );
  }

  addGiven({ source, line, query, document, rank, score }: StagedCandidate): void {
    const sides = [bySeq(query), byId(query), bySeq(document), byId(document)];
    if (source === 'negatives') this.fileRows.negatives++;
    this.#given.add(this.#givenSeq++, source, line, ...sides, rank, score);
  }

  addBad(source: Source, { file = 0, line }: Pick<SourceRow, 'file' | 'line'>, { reason, id }: BadRow): void {
    this.#bad.add(source, file, line, id, reason);
    if (source === 'pairs') this.pairRows++;
  }

  /** Everything was read: the tables can be queried. */
  async finishReading(): Promise<void> {
    for (const appender of [this.#documents, this.#queries, this.#pairs, this.#given, this.#bad])
      appender.close();
    await this.documentContents.flush();
    await this.queryContents.flush();
  }

  async drain(): Promise<void> {
    await this.documentContents.drain();
    await this.queryContents.drain();
  }

  close(): void {
    this.#duckDb.close();
  }
}

function bySeq(side: number | string): number | null {
  return typeof side === 'number' ? side : null;
}

function byId(side: number | string): string | null {
  return typeof side === 'string' ? side : null;
}

function contentOf({ text, image = null }: StagedRow): RowContent {
  return { text, image };
}

function addKey(
  table: DuckDbAppender,
  seq: number,
  { source, file = 0, row, line, id, group = 0, text, image }: StagedRow,
  key: string,
  bucket: number,
): void {
  const stored = image ? (image.bytes?.length ?? 0) : -1;
  table.add(seq, source, file, row, line, id, group, key, Buffer.byteLength(text), stored, bucket);
}
