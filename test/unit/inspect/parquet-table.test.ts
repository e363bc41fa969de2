import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createFileStore } from '@quarry/activities/storage/file-store';
import type { Store } from '@quarry/activities/storage/store';
import { type DuckDb, openDuckDb } from '@quarry/activities/tables/duckdb';
import { ParquetTable } from '@quarry/activities/tables/parquet-table';
import { SparseParquet } from '@quarry/activities/tables/sparse-parquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const QUERIES = 4000;
const PER_QUERY = 90;

/** A store whose objects are fetched by range, as from S3; counts what it gave out. */
function remoteStore(directory: string): Store & { bytes: number } {
  const files = createFileStore();
  const local = (uri: string): string => uri.replace('remote://', `${pathToFileURL(directory).href}/`);
  return {
    ...files,
    bytes: 0,
    size: (uri) => files.size(local(uri)),
    async readRange(uri, start, end) {
      this.bytes += end - start;
      return files.readRange(local(uri), start, end);
    },
  };
}

describe('a published table that is read by ranges', () => {
  let directory: string;
  let duckdb: DuckDb;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-sparse-'));
    duckdb = await openDuckDb({ directory });
    for (const part of [0, 1]) {
      const rows = (QUERIES * PER_QUERY) / 2;
      await duckdb.connection.run(`
        COPY (SELECT 'query ' || (i // ${PER_QUERY}) AS query_id, 'document ' || hash(i) AS document_id,
          (i % ${PER_QUERY} + 1)::INTEGER AS rank, CASE WHEN i // ${PER_QUERY} = 3123 THEN 'rare' ELSE 'usual' END AS reason
          FROM range(${part * rows}, ${(part + 1) * rows}) t(i) ORDER BY i)
        TO '${directory}/${part}.parquet' (FORMAT parquet, PARQUET_VERSION V1, ROW_GROUP_SIZE 20480)`);
    }
  });
  afterAll(async () => {
    duckdb.close();
    await rm(directory, { recursive: true, force: true });
  });

  const open = async (scheme: 'remote' | 'file') => {
    const store = remoteStore(directory);
    const uris = [0, 1].map((part) =>
      scheme === 'remote' ? `remote://${part}.parquet` : pathToFileURL(`${directory}/${part}.parquet`).href,
    );
    const scratch = join(directory, `scratch-${Math.random()}`);
    const table = await ParquetTable.open(duckdb.connection, () => store, uris, scratch);
    return { table, store };
  };

  test('gives the rows of a key with their places, the same as where the files lie here', async () => {
    const { table, store } = await open('remote');
    const rows = await table.rowsWith('query_id', 'query 3123');
    expect(rows).toHaveLength(PER_QUERY);
    expect(rows[0]).toMatchObject({ query_id: 'query 3123', rank: 1, row: 3123 * PER_QUERY });
    expect(rows).toEqual(await (await open('file')).table.rowsWith('query_id', 'query 3123'));
    const sizes = await Promise.all(
      [0, 1].map(async (part) => (await stat(`${directory}/${part}.parquet`)).size),
    );
    expect(store.bytes).toBeLessThan(0.2 * (sizes[0]! + sizes[1]!));
  });

  test('has no rows of a key that is not there', async () => {
    const { table } = await open('remote');
    expect(await table.rowsWith('query_id', "it's nowhere")).toEqual([]);
  });

  test('gives its row groups one by one, always in the same order, and only those that may hold a value', async () => {
    const all = [];
    for await (const { path: _, ...stretch } of (await open('remote')).table.stretches()) all.push(stretch);
    expect(all.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(QUERIES * PER_QUERY);
    const again = [];
    for await (const { path: _, ...stretch } of (await open('file')).table.stretches()) again.push(stretch);
    expect(again).toEqual(all);
    const { table } = await open('remote');
    const rare = [];
    for await (const { path, start, end } of table.stretches({ column: 'reason', value: 'rare' })) {
      const reader = await duckdb.connection.runAndReadAll(
        `SELECT count(*)::INTEGER FROM read_parquet('${path}', file_row_number = true)
         WHERE file_row_number >= ${start} AND file_row_number < ${end} AND reason = 'rare'`,
      );
      rare.push(reader.getRows()[0]![0]);
    }
    expect(rare.reduce((sum: number, n) => sum + Number(n), 0)).toBe(PER_QUERY);
    expect(rare.length).toBeLessThan(3);
  });

  test('an object that is gone, or is no Parquet, is named', async () => {
    const store = { ...remoteStore(directory), size: async () => null };
    const opened = (using: Store) =>
      SparseParquet.open(duckdb.connection, using, 'remote://0.parquet', join(directory, 'scratch'));
    await expect(opened(store)).rejects.toThrow('remote://0.parquet is gone');
    const broken = {
      ...remoteStore(directory),
      size: async () => 100,
      readRange: async () => new Uint8Array(100).fill(255),
    };
    await expect(opened(broken)).rejects.toThrow(
      'remote://0.parquet: its last bytes are not those of a Parquet file',
    );
  });
});
