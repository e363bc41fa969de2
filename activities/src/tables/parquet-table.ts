import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { mapConcurrently } from '../stages/map-concurrently.ts';
import type { Store } from '../storage/store.ts';
import { sqlText } from './duckdb.ts';
import { SparseParquet } from './sparse-parquet.ts';

/** Files opened at once. */
const OPENS = 16;

/** Where a row stands: its file, and its number over all files. */
export interface RowPlace {
  readonly row: number;
}

/** A stretch of rows in one of the files. */
export interface Stretch {
  readonly path: string;
  /** Rows of the file: `start` inclusive, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

/**
 * A published table of which single keys are looked up: DuckDB's Bloom filters say which row groups may hold a key, and
 * only those are fetched. Memory: the footers, and one row group.
 */
export class ParquetTable {
  readonly #connection: DuckDBConnection;
  readonly #files: readonly SparseParquet[];
  /** Rows of the table before each file. */
  readonly #before: readonly number[];

  private constructor(connection: DuckDBConnection, files: readonly SparseParquet[]) {
    this.#connection = connection;
    this.#files = files;
    let rows = 0;
    this.#before = files.map(({ groups }) => {
      const before = rows;
      rows += groups.at(-1)?.end ?? 0;
      return before;
    });
  }

  /** Reads the footers of the files, in the order of the table. */
  static async open(
    connection: DuckDBConnection,
    openStore: (uri: string) => Store,
    uris: readonly string[],
    scratch: string,
  ): Promise<ParquetTable> {
    const files = await mapConcurrently(uris, OPENS, (uri) =>
      SparseParquet.open(connection, openStore(uri), uri, scratch),
    );
    return new ParquetTable(connection, files);
  }

  /** The rows in which `column` is `value`, in the order of the table, each with its number in `row`. */
  async rowsWith(column: string, value: string): Promise<readonly (Record<string, unknown> & RowPlace)[]> {
    const rows: (Record<string, unknown> & RowPlace)[] = [];
    for (const [i, file] of this.#files.entries()) {
      const groups = await file.groupsWith(column, value);
      if (groups.length === 0) continue;
      await file.fetch(groups);
      const reader = await this.#connection.runAndReadAll(
        `SELECT * FROM read_parquet(${sqlText(file.path)}, file_row_number = true)
         WHERE ${column} = ${sqlText(value)} ORDER BY file_row_number`,
      );
      for (const { file_row_number: number, ...row } of reader.getRowObjects())
        rows.push({ ...row, row: this.#before[i]! + Number(number) });
    }
    return rows;
  }

  /**
   * All row groups in an order that is random but always the same, ready to be read one after the other; with `where`
   * only those that may hold the value.
   */
  async *stretches(where?: { readonly column: string; readonly value: string }): AsyncGenerator<Stretch> {
    const order = this.#files
      .flatMap((file, i) =>
        file.groups.map((group) => ({ file, group, hash: hashOf(`${i} ${group.group}`) })),
      )
      .sort((a, b) => (a.hash < b.hash ? -1 : 1));
    for (const { file, group } of order) {
      if (where && !(await file.groupsWith(where.column, where.value)).includes(group.group)) continue;
      await file.fetch([group.group]);
      yield { path: file.path, start: group.start, end: group.end };
    }
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
