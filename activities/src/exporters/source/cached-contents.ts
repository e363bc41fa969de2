import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Side } from '@quarry/workflows';
import { sqlText } from '../../tables/duckdb.ts';
import type { ScoredDocument } from './example.ts';
import { SpooledJson } from './spooled-json.ts';
import { SpooledText, type Text } from './text.ts';

/** Bytes of documents' texts, and of their ids, held in memory; more than that is read from disk as it is needed. */
const TEXT_MEMORY = 256 * 2 ** 20;
const ID_MEMORY = 96 * 2 ** 20;

/** The plan's queries or documents, by dense id. Memory: 16 bytes per row, and for documents up to 352 MiB. */
export class CachedContents {
  readonly rows: number;
  readonly #ids: SpooledJson;
  readonly #texts: SpooledJson;

  private constructor(ids: SpooledJson, texts: SpooledJson) {
    this.#ids = ids;
    this.#texts = texts;
    this.rows = texts.rows;
  }

  /** @param files local Parquet files of the plan's shards, in order; they hold `rows` */
  static async open(
    connection: DuckDBConnection,
    side: Side,
    {
      files,
      rows,
      scratch,
    }: { readonly files: readonly string[]; readonly rows: number; readonly scratch: string },
  ): Promise<CachedContents> {
    const random = side === 'document';
    const spool = (column: string, memory: number): Promise<SpooledJson> =>
      SpooledJson.spool(
        connection,
        `SELECT coalesce("${column}", '') AS t FROM read_parquet([${files.map(sqlText).join(', ')}])`,
        { path: join(scratch, `${side}-${column}`), rows, memory: random ? memory : 0 },
      );
    return new CachedContents(await spool('id', ID_MEMORY), await spool('text', TEXT_MEMORY));
  }

  of(row: number, score = Number.NaN): ScoredDocument {
    return new CachedContent(this.#ids, this.#texts, row, score);
  }

  close(): void {
    this.#ids.close();
    this.#texts.close();
  }
}

class CachedContent implements ScoredDocument {
  readonly #ids: SpooledJson;
  readonly #texts: SpooledJson;
  readonly #row: number;
  readonly score: number;

  constructor(ids: SpooledJson, texts: SpooledJson, row: number, score: number) {
    this.#ids = ids;
    this.#texts = texts;
    this.#row = row;
    this.score = score;
  }

  get id(): Text {
    return new SpooledText(this.#ids, this.#row);
  }

  get text(): Text {
    return new SpooledText(this.#texts, this.#row);
  }
}
