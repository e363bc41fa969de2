import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** How a DuckDB is opened; its memory is bounded, what does not fit goes to files under `directory`. */
export interface DuckDbOptions {
  /** Absolute local directory of its own, for what does not fit into memory. */
  readonly directory: string;
  /** Default 2. */
  readonly threads?: number;
  /** As DuckDB writes sizes (`400MB`, the default). Rows in flight and the allocator come on top, about as much again. */
  readonly memoryLimit?: string;
}

export interface DuckDb {
  readonly connection: DuckDBConnection;
  /** Another connection, for what runs beside the first; closed with it. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/**
 * A DuckDB of its own for one unit. It reaches no network and loads no extension (Parquet is built in); its queries run
 * on its own threads, so the event loop stays free.
 */
export async function openDuckDb({
  directory,
  threads = 2,
  memoryLimit = '400MB',
}: DuckDbOptions): Promise<DuckDb> {
  await mkdir(directory, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: memoryLimit,
    temp_directory: join(directory, 'spill'),
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connections = [await instance.connect()];
  return {
    connection: connections[0]!,
    connect: async () => {
      const other = await instance.connect();
      connections.push(other);
      return other;
    },
    close: () => {
      for (const connection of connections) connection.closeSync();
      instance.closeSync();
    },
  };
}

/** A value as an SQL string literal; for the places where DuckDB takes no parameters (COPY, file names). */
export function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
