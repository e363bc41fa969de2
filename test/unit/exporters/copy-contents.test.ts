import { createHash } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlannedFile } from '@quarry/activities/exporters/source/cached-contents';
import type { ExportSource } from '@quarry/activities/exporters/source/export-source';
import { copyContents } from '@quarry/activities/exporters/target/copy-contents';
import type { ExportTarget } from '@quarry/activities/exporters/target/export-target';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { expect, test } from 'vitest';
import { parquet } from './exported-run.ts';

/** More than a row group, and more than a file. */
const ROWS = 510_000;

test('the bytes of a copied corpus do not depend on the shards of the plan', async () => {
  const hashes = new Set<string>();
  for (const shardRows of [131_072, 70_001]) {
    const directory = await mkdtemp(join(tmpdir(), 'quarry-copy-'));
    const { connection, close } = await openDuckDb({ directory, threads: 1 });
    const files: PlannedFile[] = [];
    for (let start = 0; start < ROWS; start += shardRows) {
      const end = Math.min(ROWS, start + shardRows);
      const local = join(directory, `shard-${start}`);
      await connection.run(
        `COPY (SELECT range AS document, 'd' || range AS id, md5(range::VARCHAR) AS text FROM range(${start}, ${end}))
         TO '${local}' (FORMAT parquet)`,
      );
      files.push({ local, start, end });
    }
    const signal = new AbortController().signal;
    const source = { connection, signal, planned: () => ({ files, rows: ROWS }) };
    const counted: number[] = [];
    const target = {
      path: async (name: string) => join(directory, name),
      count: (_: string, rows: number) => counted.push(rows),
    };
    const place = { directory: '', split: 'train' };
    await copyContents(
      source as unknown as ExportSource,
      target as unknown as ExportTarget,
      'document',
      place,
      'id',
    );
    expect(counted).toEqual([500_000, 10_000]);
    const hash = createHash('sha256');
    for (const part of ['train-00000-of-00002.parquet', 'train-00001-of-00002.parquet'])
      hash.update(await readFile(join(directory, part)));
    hashes.add(hash.digest('hex'));
    const { rows } = await parquet(join(directory, 'train-00001-of-00002.parquet'));
    expect([rows.length, rows[0]!.id, rows.at(-1)!.id]).toEqual([10_000, 'd500000', 'd509999']);
    close();
  }
  expect(hashes.size).toBe(1);
});
