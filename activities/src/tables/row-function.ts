import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBTableFunction,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import type { SpooledTexts } from './spooled-texts.ts';

/** A published column: numbers as they are, or strings looked up by dense id. */
export interface RowColumn {
  readonly name: string;
  /** One per row. */
  readonly values: Int32Array;
  /** null: the values themselves are published. */
  readonly texts: SpooledTexts | null;
}

/** Characters handed to DuckDB at once: bounds how long the event loop waits. */
const MOST_CHARACTERS = 2 * 1024 * 1024;
const MOST_ROWS = 2048;

/**
 * Registers the table function `name()`, which yields the rows in their order, from one thread. A failure while rows are
 * put together ends the query; `failure()` tells it.
 */
export function registerRows(
  connection: DuckDBConnection,
  name: string,
  columns: readonly RowColumn[],
  rows: number,
  bytesPerRow: number,
  onRows: (done: number) => void,
): { readonly failure: () => unknown } {
  const step = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_CHARACTERS / Math.max(1, bytesPerRow))));
  let at = 0;
  let failure: unknown;
  connection.registerTableFunction(
    DuckDBTableFunction.create({
      name,
      bindFunction: (bind) => {
        for (const column of columns) bind.addResultColumn(column.name, column.texts ? VARCHAR : INTEGER);
        bind.setCardinality(rows, true);
      },
      initFunction: (init) => init.setMaxThreads(1),
      mainFunction: (call, chunk) => {
        try {
          onRows(at);
          chunk.rowCount = Math.min(step, rows - at);
          fill(chunk, columns, at);
          at += chunk.rowCount;
        } catch (error) {
          failure = error;
          call.setError(String(error));
        }
      },
    }),
  );
  return { failure: () => failure };
}

function fill(chunk: DuckDBDataChunk, columns: readonly RowColumn[], at: number): void {
  const rows = chunk.rowCount;
  for (const [c, { values, texts }] of columns.entries()) {
    const vector = chunk.getColumnVector(c);
    for (let row = 0; row < rows; row++) {
      const value = values[at + row]!;
      vector.setItem(row, texts ? texts.get(value) : value);
    }
    vector.flush();
  }
}
