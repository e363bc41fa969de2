import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Side } from '@quarry/workflows';
import { sqlText } from '../../tables/duckdb.ts';
import { readNumber } from '../../tables/duckdb-columns.ts';
import type { ScoredDocument } from './example.ts';
import { imageName } from './image-files.ts';
import { SpooledJson } from './spooled-json.ts';
import { SpooledText, type Text } from './text.ts';

/** Bytes of documents' texts, and of their ids, held in memory; more than that is read from disk as it is needed. */
const TEXT_MEMORY = 256 * 2 ** 20;
const ID_MEMORY = 96 * 2 ** 20;

export interface PlannedContents {
  /** Local Parquet files of the plan's shards, in order. */
  readonly files: readonly string[];
  /** They hold so many. */
  readonly rows: number;
  /** No images; their paths as the input names them; or the names of files that the export writes. */
  readonly images: 'none' | 'named' | 'written';
  /** Absolute local directory for what does not stay. */
  readonly scratch: string;
}

/** The plan's queries or documents, by dense id. Memory: 17 to 25 bytes per row, and for documents up to 352 MiB. */
export class CachedContents {
  readonly rows: number;
  /** SQL that yields the plan's rows in order. */
  readonly from: string;
  /** Rows whose image was asked for: one bit each. */
  readonly seen: Uint8Array;
  readonly #ids: SpooledJson;
  readonly #texts: SpooledJson;
  readonly #images: SpooledJson | null;

  private constructor(from: string, ids: SpooledJson, texts: SpooledJson, images: SpooledJson | null) {
    this.from = from;
    this.#ids = ids;
    this.#texts = texts;
    this.#images = images;
    this.rows = texts.rows;
    this.seen = new Uint8Array(images ? Math.ceil(this.rows / 8) : 0);
  }

  static async open(
    connection: DuckDBConnection,
    side: Side,
    { files, rows, images, scratch }: PlannedContents,
  ): Promise<CachedContents> {
    const from = `read_parquet([${files.map(sqlText).join(', ')}])`;
    const spool = (name: string, sql: string, memory: number): Promise<SpooledJson> =>
      SpooledJson.spool(connection, `SELECT coalesce(${sql}, '') AS t FROM ${from}`, {
        path: join(scratch, `${side}-${name}`),
        rows,
        memory: side === 'document' ? memory : 0,
      });
    const ids = await spool('id', 'id', ID_MEMORY);
    const texts = await spool('text', 'text', TEXT_MEMORY);
    if (images === 'none') return new CachedContents(from, ids, texts, null);
    const paths = await spool('image', images === 'named' ? 'image' : imageName, ID_MEMORY);
    return new CachedContents(from, ids, texts, paths);
  }

  /** Images that came as bytes and have no path. */
  static countNameless(connection: DuckDBConnection, files: readonly string[]): Promise<number> {
    const from = `read_parquet([${files.map(sqlText).join(', ')}])`;
    return readNumber(
      connection,
      `SELECT count(*) FROM ${from} WHERE image IS NULL AND image_sha256 IS NOT NULL`,
    );
  }

  of(row: number, score = Number.NaN): ScoredDocument {
    return new CachedContent(this, row, score);
  }

  id(row: number): Text {
    return new SpooledText(this.#ids, row);
  }

  text(row: number): SpooledText {
    return new SpooledText(this.#texts, row);
  }

  image(row: number): Text | null {
    if (this.#images === null || this.#images.isEmpty(row)) return null;
    this.seen[row >> 3]! |= 1 << (row & 7);
    return new SpooledText(this.#images, row);
  }

  close(): void {
    this.#ids.close();
    this.#texts.close();
    this.#images?.close();
  }
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
