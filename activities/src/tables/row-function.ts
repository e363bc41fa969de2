import {
  BLOB,
  DuckDBBlobValue,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBTableFunction,
  type DuckDBType,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import type { SpooledImages } from './spooled-images.ts';
import type { SpooledTexts } from './spooled-texts.ts';

/** A published column: numbers as they are, or contents looked up by dense id. */
export interface RowColumn {
  readonly name: string;
  /** One per row. */
  readonly values: Int32Array;
  /** Where strings are looked up; both null: the values themselves are published. */
  readonly texts: SpooledTexts | null;
  readonly images: SpooledImages | null;
}

/** Characters and bytes handed to DuckDB at once: bounds how long the event loop waits. */
const MOST_CHARACTERS = 2 * 1024 * 1024;
const MOST_ROWS = 2048;

/** Rows handed to DuckDB at once, of this many bytes each on average. */
export function rowsAtOnce(bytesPerRow: number): number {
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_CHARACTERS / Math.max(1, bytesPerRow))));
}

/**
 * Registers the table function `name()`, which yields the rows in their order, from one thread; an image as the columns
 * `<column>.bytes` and `<column>.path`. A failure while rows are put together ends the query; `failure()` tells it.
 */
export function registerRows(
  connection: DuckDBConnection,
  name: string,
  columns: readonly RowColumn[],
  rows: number,
  bytesPerRow: number,
  onRows: (done: number) => void,
): { readonly failure: () => unknown } {
  const step = rowsAtOnce(bytesPerRow);
  let at = 0;
  let failure: unknown;
  connection.registerTableFunction(
    DuckDBTableFunction.create({
      name,
      bindFunction: (bind) => {
        for (const [column, type] of columns.flatMap(resultColumns)) bind.addResultColumn(column, type);
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

function resultColumns({ name, texts, images }: RowColumn): [string, DuckDBType][] {
  if (images) {
    return [
      [`${name}.bytes`, BLOB],
      [`${name}.path`, VARCHAR],
    ];
  }
  return [[name, texts ? VARCHAR : INTEGER]];
}

function fill(chunk: DuckDBDataChunk, columns: readonly RowColumn[], at: number): void {
  const rows = chunk.rowCount;
  let c = 0;
  for (const { values, texts, images } of columns) {
    const vector = chunk.getColumnVector(c++);
    if (images) {
      const paths = chunk.getColumnVector(c++);
      for (let row = 0; row < rows; row++) {
        const image = images.get(values[at + row]!);
        vector.setItem(row, image?.bytes ? new DuckDBBlobValue(image.bytes) : null);
        paths.setItem(row, image?.path ?? null);
      }
      paths.flush();
    } else {
      for (let row = 0; row < rows; row++) {
        const value = values[at + row]!;
        vector.setItem(row, texts ? texts.get(value) : value);
      }
    }
    vector.flush();
  }
}
