import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';

/** Rows of one data chunk: DuckDB's own vector size. */
const CHUNK_ROWS = 2048;

/** Characters of text and bytes of blobs in one data chunk, so that long rows do not pile up. */
const CHUNK_CHARACTERS = 4 * 2 ** 20;

/**
 * Appends rows to a table, a data chunk at a time. One chunk serves all of them: its memory is native, and the garbage
 * collector would not hurry to free many.
 */
export class DuckDbAppender {
  readonly #columns: DuckDBValue[][];
  readonly #chunk: DuckDBDataChunk;
  readonly #append: (chunk: DuckDBDataChunk) => void;
  readonly #end: () => void;
  #characters = 0;

  private constructor(
    types: readonly DuckDBType[],
    append: (chunk: DuckDBDataChunk) => void,
    end: () => void,
  ) {
    this.#columns = types.map(() => []);
    this.#chunk = DuckDBDataChunk.create(types);
    this.#append = append;
    this.#end = end;
  }

  /** Creates `table` with the given columns, and an appender for it. */
  static async createTable(
    connection: DuckDBConnection,
    table: string,
    columns: Readonly<Record<string, DuckDBType>>,
  ): Promise<DuckDbAppender> {
    const definition = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`);
    await connection.run(`CREATE OR REPLACE TABLE "${table}" (${definition.join(', ')})`);
    const appender = await connection.createAppender(table);
    return new DuckDbAppender(
      Object.values(columns),
      (chunk) => appender.appendDataChunk(chunk),
      () => appender.closeSync(),
    );
  }

  /** Values in the order of the columns. */
  add(...row: readonly DuckDBValue[]): void {
    for (let i = 0; i < row.length; i++) {
      const value = row[i] as DuckDBValue;
      this.#columns[i]!.push(value);
      if (typeof value === 'string') this.#characters += value.length;
      else if (value instanceof DuckDBBlobValue) this.#characters += value.bytes.length;
    }
    if (this.#columns[0]!.length === CHUNK_ROWS || this.#characters > CHUNK_CHARACTERS) this.#flush();
  }

  /** All rows are in the table when it returns. */
  close(): void {
    this.#flush();
    this.#end();
  }

  #flush(): void {
    if (this.#columns[0]!.length === 0) return;
    this.#chunk.reset();
    this.#chunk.setColumns(this.#columns);
    this.#append(this.#chunk);
    for (const column of this.#columns) column.length = 0;
    this.#characters = 0;
  }
}
