import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import type { Store } from '../storage/store.ts';
import { sqlText } from './duckdb.ts';

/** One row group of a Parquet file. */
export interface RowGroup {
  readonly group: number;
  /** Number in the file of its first row. */
  readonly start: number;
  readonly end: number;
  /** Where its column chunks lie: bytes `from` (inclusive) to `to` (exclusive). */
  readonly from: number;
  readonly to: number;
}

/** Read of the end of a file at once: footers of our files are smaller. */
const TAIL_BYTES = 64 * 1024;
/** Behind the footer: its length (4 bytes) and the magic word. */
const TRAILER_BYTES = 8;

/**
 * A Parquet object that DuckDB reads without its whole being fetched. A `file:` object is read where it lies. Of any other
 * a local file of the same size is made, with the footer and the row groups asked for in their places and holes elsewhere;
 * DuckDB skips the holes where its filter excludes their row groups (by `file_row_number`, statistics or Bloom filters).
 *
 * Memory: one row group. Disk: what was fetched.
 */
export class SparseParquet {
  /** Of the local file. */
  readonly path: string;
  readonly groups: readonly RowGroup[];
  readonly #connection: DuckDBConnection;
  readonly #remote: { readonly store: Store; readonly uri: string } | null;
  readonly #fetched = new Set<number>();

  private constructor(
    connection: DuckDBConnection,
    path: string,
    groups: readonly RowGroup[],
    remote: { readonly store: Store; readonly uri: string } | null,
  ) {
    this.#connection = connection;
    this.path = path;
    this.groups = groups;
    this.#remote = remote;
  }

  /** Reads the footer, and of other than `file:` objects the Bloom filters. `scratch` is a local directory. */
  static async open(
    connection: DuckDBConnection,
    store: Store,
    uri: string,
    scratch: string,
  ): Promise<SparseParquet> {
    const local = uri.startsWith('file:');
    const path = local ? fileURLToPath(uri) : await copyFooter(store, uri, scratch);
    const groups = await rowGroups(connection, path);
    const file = new SparseParquet(connection, path, groups, local ? null : { store, uri });
    await file.#fetchBlooms();
    return file;
  }

  /** Makes these row groups readable. */
  async fetch(groups: Iterable<number>): Promise<void> {
    if (!this.#remote) return;
    for (const group of groups) {
      if (this.#fetched.has(group)) continue;
      const { from, to } = this.groups[group]!;
      await this.#copy(from, to);
      this.#fetched.add(group);
    }
  }

  /** The row groups that may hold a value: those whose Bloom filter does not exclude it. */
  async groupsWith(column: string, value: string): Promise<readonly number[]> {
    const probe = `parquet_bloom_probe(${sqlText(this.path)}, ${sqlText(column)}, ${sqlText(value)})`;
    const reader = await this.#connection.runAndReadAll(
      `SELECT row_group_id::INTEGER FROM ${probe} WHERE NOT bloom_filter_excludes ORDER BY 1`,
    );
    return reader.getRows().map(([group]) => group as number);
  }

  async #fetchBlooms(): Promise<void> {
    if (!this.#remote) return;
    const reader = await this.#connection.runAndReadAll(
      `SELECT min(bloom_filter_offset)::DOUBLE, max(bloom_filter_offset + bloom_filter_length)::DOUBLE
       FROM parquet_metadata(${sqlText(this.path)})`,
    );
    const [from, to] = reader.getRows()[0] as [number | null, number | null];
    if (from !== null && to !== null) await this.#copy(from, to);
  }

  async #copy(from: number, to: number): Promise<void> {
    const { store, uri } = this.#remote!;
    const bytes = await store.readRange(uri, from, to);
    await writing(this.path, (file) => file.write(bytes, 0, bytes.length, from));
  }
}

/** Makes the local file with its footer; a path that is named after the URI. */
async function copyFooter(store: Store, uri: string, scratch: string): Promise<string> {
  const size = await store.size(uri);
  if (size === null) throw new QuarryError('BadArtefact', `${uri} is gone; start the job again`);
  const tail = await store.readRange(uri, Math.max(0, size - TAIL_BYTES), size);
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(tail.length - TRAILER_BYTES, true);
  const start = size - TRAILER_BYTES - length;
  if (start < 0)
    throw new QuarryError('BadArtefact', `${uri}: its last bytes are not those of a Parquet file`);
  const footer =
    length + TRAILER_BYTES <= tail.length
      ? tail.subarray(tail.length - TRAILER_BYTES - length)
      : await store.readRange(uri, start, size);
  await mkdir(scratch, { recursive: true });
  const path = join(scratch, `${createHash('sha256').update(uri).digest('hex').slice(0, 32)}.parquet`);
  await writing(path, async (file) => {
    await file.truncate(size);
    await file.write(footer, 0, footer.length, start);
  });
  return path;
}

async function rowGroups(connection: DuckDBConnection, path: string): Promise<readonly RowGroup[]> {
  const reader = await connection.runAndReadAll(`
    SELECT row_group_id::INTEGER, any_value(row_group_num_rows)::DOUBLE,
      min(coalesce(dictionary_page_offset, data_page_offset))::DOUBLE,
      max(coalesce(dictionary_page_offset, data_page_offset) + total_compressed_size)::DOUBLE
    FROM parquet_metadata(${sqlText(path)}) GROUP BY row_group_id ORDER BY 1`);
  let start = 0;
  return reader.getRows().map((row) => {
    const [group, rows, from, to] = row as [number, number, number, number];
    const found = { group, start, end: start + rows, from, to };
    start += rows;
    return found;
  });
}

async function writing(path: string, work: (file: FileHandle) => Promise<unknown>): Promise<void> {
  const file = await open(path, 'r+').catch(() => open(path, 'w+'));
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
