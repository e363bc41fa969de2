import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { jsonl, planFiles, temporaryDirectory } from './planned-input.ts';

async function parquet(select: string): Promise<Uint8Array> {
  const path = join(await temporaryDirectory(), 'made.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return readFile(path);
}

const rows = [
  { query: 'What is “naïve”?', positive: 'Without guile, 素朴.' },
  { query: 'two\nlines, "quoted"', positive: 'an answer\r\nover two lines' },
  { query: 'What is “naïve”?', positive: 'Simple-minded 🙂' },
];

const csv = `\ufeffpositive,ignored,query\r\n${rows
  .map(({ query, positive }) => `"${positive.replaceAll('"', '""')}",,"${query.replaceAll('"', '""')}"`)
  .join('\r\n')}`;

test('rows of JSONL, CSV and Parquet, plain and packed, are the same pairs', async () => {
  const values = rows.map(({ query, positive }) => `('${query}', '${positive}')`).join(', ');
  const table = await parquet(`SELECT * FROM (VALUES ${values}) t(query, positive)`);
  const variants = {
    'pairs.jsonl': jsonl(...rows),
    'pairs.ndjson.gz': gzipSync(jsonl(...rows)),
    'pairs.csv': csv,
    'pairs.csv.gz': gzipSync(csv),
    'pairs.parquet': table,
    'pairs.parquet.gz': gzipSync(table),
  };
  const fingerprints = new Set<string>();
  for (const [path, content] of Object.entries(variants)) {
    const { plan, queries, documents, pairs, quarantine } = await planFiles(
      { [path]: content },
      { format: 'pairs', path },
    );
    expect(quarantine, path).toEqual([]);
    expect(queries.map(({ id, text }) => [id, text])).toEqual([
      ['0', rows[0]!.query],
      ['1', rows[1]!.query],
    ]);
    expect(new Set(documents.map(({ text }) => text))).toEqual(new Set(rows.map(({ positive }) => positive)));
    expect(pairs).toEqual([
      ['0', '0'],
      ['1', '1'],
      ['0', '2'],
    ]);
    fingerprints.add(JSON.stringify(plan.fingerprints));
  }
  expect(fingerprints.size).toBe(1);
});

test('a TSV has no quotes: they are characters like others', async () => {
  const { queries, documents } = await planFiles(
    { 'pairs.tsv': 'q\tp\n"open\t5" pipe\nplain\t"both"\n' },
    { format: 'pairs', path: 'pairs.tsv', columns: { query: 'q', positive: 'p' } },
  );
  expect(queries.map(({ text }) => text)).toEqual(['"open', 'plain']);
  expect(new Set(documents.map(({ text }) => text))).toEqual(new Set(['5" pipe', '"both"']));
});

test('a list of positives is several positives, in JSONL and in Parquet', async () => {
  const json = jsonl({ query: 'q', positive: ['one', 'two'] }, { query: 'r', positive: 'two' });
  const list = await parquet(
    `SELECT 'q' AS query, ['one', 'two'] AS positive UNION ALL SELECT 'r', ['two'] ORDER BY query`,
  );
  const fromJson = await planFiles({ 'p.jsonl': json }, { format: 'pairs', path: 'p.jsonl' });
  expect(fromJson.pairs).toEqual([
    ['0', '0#0'],
    ['0', '0#1'],
    ['1', '0#1'],
  ]);
  expect(fromJson.plan.maxPositives).toBe(2);
  expect(fromJson.figures.listPositives).toBe(1);
  const fromParquet = await planFiles({ 'p.parquet': list }, { format: 'pairs', path: 'p.parquet' });
  expect(fromParquet.pairs).toEqual(fromJson.pairs);
});

test('ids come from the columns that the job names', async () => {
  const { pairs } = await planFiles(
    {
      'p.jsonl': jsonl(
        { query: 'a', positive: ['x', 'y'], qid: 7, pid: ['d1', 'd2'] },
        { query: 'b', positive: 'x', qid: 'Q', pid: 'd1' },
      ),
    },
    { format: 'pairs', path: 'p.jsonl', columns: { queryId: 'qid', positiveId: 'pid' } },
  );
  expect(pairs).toEqual([
    ['7', 'd1'],
    ['7', 'd2'],
    ['Q', 'd1'],
  ]);
});

const corpus = jsonl({ id: 'c1', text: 'one' }, { id: 'c2', text: 'two' }, { id: 'c3', text: 'nobody asks' });

test('with a corpus, positives are contents: those it lacks are added', async () => {
  const { pairs, documents, plan, figures } = await planFiles(
    {
      'corpus.jsonl': corpus,
      'p.jsonl': jsonl({ query: 'a', positive: 'two' }, { query: 'b', positive: ['one', 'new'] }),
    },
    { format: 'pairs', path: 'p.jsonl', corpus: { path: 'corpus.jsonl' } },
  );
  expect(pairs).toEqual([
    ['0', 'c2'],
    ['1', 'c1'],
    ['1', 'positive:1#1'],
  ]);
  expect(documents.map(({ id, row }) => `${id} ${row}`).sort()).toEqual([
    'c1 0',
    'c2 1',
    'c3 2',
    'positive:1#1 -1',
  ]);
  expect(plan.inputs[0]).toMatchObject({ name: 'documents', rows: 6, duplicates: 2, quarantined: 0 });
  expect(figures).toMatchObject({ addedDocuments: 1, sourceRows: { queries: 2, documents: 3 } });
});

test('with a corpus and positiveId, positives are ids of the corpus', async () => {
  const { pairs, documents, quarantine } = await planFiles(
    {
      'docs.csv': 'docno,title,body\nc1,One,first\nc2,,second\n',
      'p.csv': 'query,doc\na,c2\nb,c1\nc,c9\n',
    },
    {
      format: 'pairs',
      path: 'p.csv',
      columns: { positiveId: 'doc' },
      corpus: { path: 'docs.csv', columns: { id: 'docno', text: 'body', title: 'title' } },
      maxBadRows: 0.4,
    },
  );
  expect(new Set(documents.map(({ text }) => text))).toEqual(new Set(['One first', 'second']));
  expect(pairs).toEqual([
    ['0', 'c2'],
    ['1', 'c1'],
  ]);
  expect(quarantine).toEqual([{ file: 'p.csv', row: 4, reason: 'document "c9" is not in docs.csv' }]);
});

test('a classification set: the labels are the documents, in order of first appearance', async () => {
  const content = jsonl(
    { text: 'where is my card', label: 'card arrival' },
    { text: 'exchange rate?', label: 'rates' },
    { text: 'where is my card', label: 'card arrival' },
    { text: 'late card', label: 'card arrival' },
  );
  const { documents, queries, pairs, plan, figures } = await planFiles(
    { 'train.jsonl': content },
    { format: 'classification', path: '.' },
  );
  expect(documents.map(({ id, text, row }) => `${id}|${text}|${row}`).sort()).toEqual([
    'card arrival|card arrival|0',
    'rates|rates|1',
  ]);
  expect(queries.map(({ id }) => id)).toEqual(['0', '1', '3']);
  expect(pairs).toEqual([
    ['0', 'card arrival'],
    ['1', 'rates'],
    ['3', 'card arrival'],
  ]);
  expect(plan.unownedDocuments).toBe(0);
  expect(figures.sourceRows).toEqual({ queries: 4, documents: 2 });
  const named = await planFiles(
    { 'intents.jsonl': content },
    { format: 'classification', path: 'intents.jsonl' },
  );
  expect(named.plan.fingerprints).toEqual(plan.fingerprints);
});

test('NUL, emoji and very long texts survive', async () => {
  const long = 'é🙂'.repeat(200_000);
  const { documents } = await planFiles(
    { 'p.jsonl': jsonl({ query: 'a', positive: 'b\u0000c' }, { query: 'd', positive: long }) },
    { format: 'pairs', path: 'p.jsonl' },
  );
  expect(new Set(documents.map(({ text }) => text))).toEqual(new Set(['b\u0000c', long]));
});
