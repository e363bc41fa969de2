import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { arrange } from '@quarry/activities/stages/arrange';
import { cutShards } from '@quarry/activities/stages/arrangement';
import { readDone } from '@quarry/activities/stages/unit';
import { write } from '@quarry/activities/stages/write';
import type { Store } from '@quarry/activities/storage/store';
import type { Table } from '@quarry/workflows';
import { expect, test } from 'vitest';
import { type Fabricated, fabricateRun } from './fabricated-run.ts';
import { candidate } from './fabricated-verdicts.ts';

/** The whole of parquetjs-lite, as a reader of its own would use it. */
const parquet = createRequire(import.meta.resolve('@quarry/activities/package.json'))('parquetjs-lite') as {
  ParquetReader: {
    openFile(path: string): Promise<{
      readonly schema: { readonly fields: Record<string, unknown> };
      getRowCount(): number;
      getMetadata(): Record<string, string>;
      getCursor(): { next(): Promise<unknown> };
      close(): Promise<void>;
    }>;
  };
};

const runId = 'fabricated-0123456789ab';

/** Writes every table; one figure of each file by path. */
async function writeAll(made: Fabricated, figure = 'sha256'): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { table, parts } of await arrange(made.context, made.unit)) {
    for (let part = 0; part < parts; part++) {
      const result = await write(made.context, { ...made.unit, table, part });
      const key = result.output.uri.split('/').at(-1)!;
      const done = await readDone(made.context, made.unit.cache, 'write', key);
      hashes.set(done.figures.path as string, done.figures[figure] as string);
    }
  }
  return hashes;
}

async function written(fabricated: Promise<Fabricated>): Promise<Fabricated> {
  const made = await fabricated;
  await writeAll(made);
  return made;
}

function fileOf(made: Fabricated, table: Table): string {
  return join(made.directory, 'runs', runId, 'data', table, 'train-00000-of-00001.parquet');
}

async function rowsOf(made: Fabricated, table: Table, where = ''): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const path = fileOf(made, table);
  const found = await connection.runAndReadAll(`SELECT * FROM read_parquet('${path}') ${where}`);
  return found.getRowObjects();
}

test('triplets come in the order of queries and negatives, one row per kept negative', async () => {
  const made = await fabricateRun();
  await writeAll(made);
  const rows = await rowsOf(made, 'triplet');
  const expected = made.kept.flatMap((negatives, query) =>
    negatives.map((negative) => ({
      anchor: `query number ${query}`,
      positive: `document number ${2 * query}`,
      negative: `document number ${negative}`,
    })),
  );
  expect(rows).toEqual(expected);
  expect(rows.length).toBeGreaterThan(60);
});

test('n-tuples are full: queries with fewer negatives than N have none', async () => {
  const made = await fabricateRun({ numNegatives: 2 });
  await writeAll(made);
  const rows = await rowsOf(made, 'n-tuple');
  const expected = made.kept.flatMap((negatives, query) =>
    negatives.length < 2
      ? []
      : [
          {
            anchor: `query number ${query}`,
            positive: `document number ${2 * query}`,
            negative_1: `document number ${negatives[0]}`,
            negative_2: `document number ${negatives[1]}`,
          },
        ],
  );
  expect(rows).toEqual(expected);
  expect(rows.length).toBeLessThan(40);
});

test('candidates hold every candidate with verdict, reason, judgement and owner', async () => {
  const made = await fabricateRun({ strategy: 'saha' });
  await writeAll(made);
  const rows = await rowsOf(made, 'candidates');
  expect(rows.length).toBe(40 * 7 - 10);
  const searched = {
    source: 'search',
    given_rank: null,
    given_score: null,
    cross_encoder_score: null,
    judge_score: null,
  };
  expect(rows.slice(0, 2)).toEqual([
    {
      query_id: 'q-0',
      document_id: 'd-0',
      rank: 1,
      score: Math.fround(0.9),
      owner_query_id: null,
      owner_score: null,
      verdict: 'dropped',
      reason: 'known_positive',
      relevance: 1,
      ...searched,
    },
    {
      query_id: 'q-0',
      document_id: `d-${candidate(0, 1, 100)}`,
      rank: 2,
      score: Math.fround(0.8),
      owner_query_id: 'q-1',
      owner_score: Math.fround(0.001),
      verdict: 'dropped',
      reason: 'not_sampled',
      relevance: 0,
      ...searched,
    },
  ]);
  for (const row of rows) expect(row.reason === null).toBe(row.verdict === 'kept');
});

test('clusters hold their pairs, the anchor first', async () => {
  const made = await fabricateRun({ strategy: 'saha' });
  await writeAll(made);
  const rows = await rowsOf(made, 'clusters');
  expect(rows.length).toBe(40);
  expect(rows[3]).toEqual({
    cluster: 1,
    position: 1,
    query_id: 'q-3',
    query: 'query number 3',
    positive_id: 'd-6',
    positive: 'document number 6',
    missing: made.run.job.mining.topK - 1,
  });
});

test('texts survive as they are: unicode, quotes, newlines, emoji, a quarter of a million letters', async () => {
  const odd = [
    '😀 ﬁ',
    `it's "quoted"`,
    'two\nlines\r\n',
    'tab\tnul\u0000end',
    'é'.normalize('NFD'),
    '',
    '𝔘',
    'x'.repeat(250_000),
  ];
  const text = (side: string, row: number): string =>
    odd[row % odd.length]! + (row < odd.length ? '' : `${side} ${row}`);
  const made = await fabricateRun({ queries: 16, documents: 60, text });
  await writeAll(made);
  const rows = await rowsOf(made, 'triplet');
  const expected = made.kept.flatMap((negatives, query) =>
    negatives.map((negative) => [
      text('query', query),
      text('document', 2 * query),
      text('document', negative),
    ]),
  );
  expect(rows.map((row) => Object.values(row))).toEqual(expected);
  expect(await rowsOf(made, 'triplet', `WHERE anchor = '😀 ﬁ'`)).toHaveLength(made.kept[0]!.length);
});

test('the bytes are the same at 1, 2 and 4 threads, and however the shards are cut', async () => {
  const many = { strategy: 'saha', queries: 30_000, documents: 40_000, k: 12 } as const;
  const all: Map<string, string>[] = [];
  for (const [threads, shardRows] of [
    [1, 30_000],
    [2, 7_001],
    [4, 4_096],
  ] as const) {
    all.push(await writeAll(await fabricateRun({ ...many, threads, shardRows })));
  }
  expect(all[0]!.size).toBe(4);
  expect(all[1]).toEqual(all[0]);
  expect(all[2]).toEqual(all[0]);
});

test('a run without a single negative gives valid empty files with every column', async () => {
  const made = await fabricateRun({ keep: () => [] });
  await writeAll(made);
  expect(await rowsOf(made, 'triplet')).toEqual([]);
  const reader = await parquet.ParquetReader.openFile(fileOf(made, 'n-tuple'));
  expect(Object.keys(reader.schema.fields)).toEqual([
    'anchor',
    'positive',
    'negative_1',
    'negative_2',
    'negative_3',
  ]);
  expect(Number(reader.getRowCount())).toBe(0);
});

test('zstd is read back by DuckDB, and its figures say so', async () => {
  const made = await fabricateRun({ compression: 'zstd' });
  const readers = await writeAll(made, 'readBackBy');
  expect([...new Set(readers.values())]).toEqual(['duckdb']);
  expect(await rowsOf(made, 'triplet')).toEqual(await rowsOf(await written(fabricateRun()), 'triplet'));
});

test('parquetjs-lite reads every row of every table, and the Hugging Face features', async () => {
  const made = await written(fabricateRun({ strategy: 'saha' }));
  for (const table of ['triplet', 'n-tuple', 'clusters', 'candidates'] as const) {
    const reader = await parquet.ParquetReader.openFile(fileOf(made, table));
    const { info } = JSON.parse(reader.getMetadata().huggingface!);
    expect(Object.keys(info.features)).toEqual(Object.keys(reader.schema.fields));
    const cursor = reader.getCursor();
    for (const row of await rowsOf(made, table)) {
      const read = (await cursor.next()) as Record<string, unknown>;
      for (const [column, value] of Object.entries(row)) {
        // parquetjs-lite gives numbers of a dictionary as strings, and leaves out nulls
        expect(String(read[column] ?? null)).toBe(String(value));
      }
    }
    expect(await cursor.next()).toBeNull();
    await reader.close();
  }
});

test('a file that the store damaged on its way is refused', async () => {
  const made = await fabricateRun({ tables: ['triplet'] });
  await arrange(made.context, made.unit);
  const damaging = (uri: string): Store => {
    const store = made.context.openStore(uri);
    return {
      ...store,
      async putFile(localPath, target) {
        const bytes = await readFile(localPath);
        const at = bytes.indexOf('query number 0');
        expect(at).toBeGreaterThan(0);
        bytes[at] = 'Q'.charCodeAt(0);
        await writeFile(localPath, bytes);
        await store.putFile(localPath, target);
      },
    };
  };
  const context = { ...made.context, openStore: damaging };
  await expect(write(context, { ...made.unit, table: 'triplet', part: 0 })).rejects.toThrow(
    /row 0, column anchor: "Query number 0"; written was "query number 0"/,
  );
});

test('a table that does not fit one file is cut by rows alone', () => {
  const offsets = Float64Array.of(0, 4, 4, 9, 25);
  expect(cutShards(offsets, 0, 10)).toEqual([
    { shard: 0, start: 0, end: 4 },
    { shard: 2, start: 0, end: 5 },
    { shard: 3, start: 0, end: 1 },
  ]);
  expect(cutShards(offsets, 1, 10)).toEqual([{ shard: 3, start: 1, end: 11 }]);
  expect(cutShards(offsets, 2, 10)).toEqual([{ shard: 3, start: 11, end: 16 }]);
});
