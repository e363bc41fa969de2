import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Side } from '@quarry/workflows';
import { sqlText } from '../../tables/duckdb.ts';
import { readNumber } from '../../tables/duckdb-columns.ts';
import type { ScoredDocument } from './example.ts';
import { imageName } from './image-files.ts';
import { spoolStrings } from './spool-strings.ts';
import type { Encoding, SpooledStrings } from './spooled-strings.ts';
import { SpooledText, type Text } from './text.ts';

/** Bytes of documents' texts, and of their ids, held in memory; more than that is read from disk as it is needed. */
const TEXT_MEMORY = 256 * 2 ** 20;
const ID_MEMORY = 96 * 2 ** 20;

/** Rows of a plan's shard. */
export interface PlannedFile {
  /** Absolute local path of its Parquet file. */
  readonly local: string;
  /** Dense ids: `start` inclusive, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

/** What an export asks for of queries and documents one by one. */
export interface Spools {
  readonly encoding: Encoding;
  readonly ids: boolean;
  readonly texts: boolean;
}

export interface PlannedContents {
  /** Of the plan's shards, in order. */
  readonly files: readonly PlannedFile[];
  /** They hold so many. */
  readonly rows: number;
  readonly spools: Spools;
  /** No images; their paths as the input names them; or the names of files that the export writes. */
  readonly images: 'none' | 'named' | 'written';
  /** Absolute local directory for what does not stay. */
  readonly scratch: string;
}

/** The plan's queries or documents, by dense id. Memory: 12 to 37 bytes per row, and for documents up to 448 MiB. */
export class CachedContents {
  readonly files: readonly PlannedFile[];
  readonly rows: number;
  /** SQL that yields the plan's rows in order. */
  readonly from: string;
  /** Rows whose image was asked for: one bit each. */
  readonly seen: Uint8Array;
  readonly #ids: SpooledStrings | null;
  readonly #texts: SpooledStrings | null;
  readonly #images: SpooledStrings | null;

  private constructor(
    { files, rows }: PlannedContents,
    ids: SpooledStrings | null,
    texts: SpooledStrings | null,
    images: SpooledStrings | null,
  ) {
    this.files = files;
    this.from = relation(files);
    this.#ids = ids;
    this.#texts = texts;
    this.#images = images;
    this.rows = rows;
    this.seen = new Uint8Array(images ? Math.ceil(rows / 8) : 0);
  }

  static async open(
    connection: DuckDBConnection,
    side: Side,
    planned: PlannedContents,
  ): Promise<CachedContents> {
    const { files, rows, spools, images, scratch } = planned;
    const spool = (name: string, sql: string, memory: number): Promise<SpooledStrings> =>
      spoolStrings(connection, `SELECT coalesce(${sql}, '') AS t FROM ${relation(files)}`, {
        path: join(scratch, `${side}-${name}`),
        rows,
        encoding: spools.encoding,
        memory: side === 'document' ? memory : 0,
      });
    const ids = spools.ids ? await spool('id', 'id', ID_MEMORY) : null;
    const texts = spools.texts ? await spool('text', 'text', TEXT_MEMORY) : null;
    const named = images === 'named' ? 'image' : imageName;
    const paths = images === 'none' ? null : await spool('image', named, ID_MEMORY);
    return new CachedContents(planned, ids, texts, paths);
  }

  /** Images that came as bytes and have no path. */
  static countNameless(connection: DuckDBConnection, files: readonly PlannedFile[]): Promise<number> {
    return readNumber(
      connection,
      `SELECT count(*) FROM ${relation(files)} WHERE image IS NULL AND image_sha256 IS NOT NULL`,
    );
  }

  of(row: number, score = Number.NaN): ScoredDocument {
    return new CachedContent(this, row, score);
  }

  id(row: number): Text {
    if (!this.#ids) throw new Error('an id is asked for, and the format does not say that it needs ids');
    return new SpooledText(this.#ids, row);
  }

  text(row: number): SpooledText {
    if (!this.#texts) throw new Error('a text is asked for, and the format does not say that it needs texts');
    return new SpooledText(this.#texts, row);
  }

  image(row: number): Text | null {
    if (this.#images === null || this.#images.isEmpty(row)) return null;
    this.seen[row >> 3]! |= 1 << (row & 7);
    return new SpooledText(this.#images, row);
  }

  close(): void {
    this.#ids?.close();
    this.#texts?.close();
    this.#images?.close();
  }
}

function relation(files: readonly PlannedFile[]): string {
  return `read_parquet([${files.map(({ local }) => sqlText(local)).join(', ')}])`;
}

class CachedContent implements ScoredDocument {
  readonly #contents: CachedContents;
  readonly #row: number;
  readonly score: number;

  constructor(contents: CachedContents, row: number, score: number) {
    this.#contents = contents;
    this.#row = row;
    this.score = score;
  }

  get id(): Text {
    return this.#contents.id(this.#row);
  }

  get text(): SpooledText {
    return this.#contents.text(this.#row);
  }

  get image(): Text | null {
    return this.#contents.image(this.#row);
  }
}
