import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainingTexts } from '@quarry/activities/exporters/training-texts';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { beforeAll, expect, test } from 'vitest';
import type { Fabricated } from '../tables/fabricated-run.ts';
import { committedRun, exported, jsonl, parquet, runDirectory } from './exported-run.ts';

/** Line breaks, quotes and other scripts must come through every format. */
const text = (side: string, row: number): string =>
  row % 7 === 0 ? `😀 "${side}"\n${row}` : `${side} ${row}`;
const query = (row: number): string => text('query', row);
const document = (row: number): string => text('document', row);

/** Every third query keeps nothing. */
let made: Fabricated;
/** Queries that keep a negative. */
let mined: number[];
beforeAll(async () => {
  const keep = (q: number, k: number): number[] =>
    q % 3 === 0 ? [] : [3, 1, 6].map((i) => (i + q) % k).filter((place) => place > 0);
  made = await committedRun({ strategy: 'saha', text, keep });
  mined = [...made.kept.keys()].filter((q) => made.kept[q]!.length > 0);
  expect(mined.length).toBe(26);
});

const noNegative = { rows: 14, reason: 'queries that keep no negative' };
/** A query's negatives in the order of rank. */
const byRank = (q: number): number[] =>
  [...made.kept[q]!].sort((a, b) => (((a - 2 * q + 1000) * 43) % 100) - (((b - 2 * q + 1000) * 43) % 100));

test("sentence-transformers: triplet and n-tuple are the run's own files, byte by byte", async () => {
  const name = 'train-00000-of-00001.parquet';
  for (const shape of ['triplet', 'n-tuple']) {
    const { to, files, leftOut } = await exported(made, 'sentence-transformers', { shape });
    const own = await readFile(join(runDirectory(made), 'data', shape, name));
    expect((await readFile(join(to, name))).equals(own)).toBe(true);
    const { rows } = await parquet(join(to, name));
    expect(files).toEqual([{ path: name, rows: rows.length, bytes: own.length }]);
    const short = made.kept.filter((negatives) => negatives.length < 3).length;
    expect(leftOut).toEqual([
      shape === 'triplet' ? noNegative : { rows: short, reason: 'queries that keep fewer than 3 negatives' },
    ]);
    expect(rows.length).toBe(shape === 'triplet' ? made.kept.flat().length : 40 - short);
  }
});

test('sentence-transformers: labeled rows have one label column and no other that is not an input', async () => {
  const pair = await exported(made, 'sentence-transformers', { shape: 'labeled-pair' });
  const pairs = await parquet(join(pair.to, pair.files[0]!.path));
  expect(pairs.columns).toEqual({ anchor: 'VARCHAR', positive: 'VARCHAR', label: 'BIGINT' });
  expect(pairs.rows).toEqual(
    mined.flatMap((q) => [
      { anchor: query(q), positive: document(2 * q), label: '1' },
      ...made.kept[q]!.map((d) => ({ anchor: query(q), positive: document(d), label: '0' })),
    ]),
  );
  const list = await exported(made, 'sentence-transformers', { shape: 'labeled-list' });
  const lists = await parquet(join(list.to, list.files[0]!.path));
  expect(lists.columns).toEqual({ anchor: 'VARCHAR', positive: 'VARCHAR[]', labels: 'BIGINT[]' });
  expect(lists.rows).toEqual(
    mined.map((q) => ({
      anchor: query(q),
      positive: [2 * q, ...made.kept[q]!].map(document),
      labels: ['1', ...made.kept[q]!.map(() => '0')],
    })),
  );
  expect([pair.leftOut, list.leftOut]).toEqual([[noNegative], [noNegative]]);
});

test('flagembedding: lists of texts, and no row with an empty neg', async () => {
  const { to, files, leftOut } = await exported(made, 'flagembedding');
  const rows = mined.map((q) => ({
    query: query(q),
    pos: [document(2 * q)],
    neg: made.kept[q]!.map(document),
  }));
  expect(await jsonl(join(to, 'train.jsonl'))).toEqual(rows);
  expect(files.map(({ path, rows }) => [path, rows])).toEqual([['train.jsonl', 26]]);
  expect(leftOut).toEqual([noNegative]);
});

test('tevatron: passages with texts, or ids and a corpus', async () => {
  const legacy = await exported(made, 'tevatron');
  const passage = (row: number): unknown => ({ docid: `d-${row}`, text: document(row) });
  expect(await jsonl(join(legacy.to, 'train.jsonl'))).toEqual(
    mined.map((q) => ({
      query_id: `q-${q}`,
      query: query(q),
      positive_passages: [passage(2 * q)],
      negative_passages: byRank(q).map(passage),
    })),
  );
  const ids = await exported(made, 'tevatron', { shape: 'ids' });
  expect(await jsonl(join(ids.to, 'train.jsonl'))).toEqual(
    mined.map((q) => ({
      query_id: `q-${q}`,
      query_text: query(q),
      positive_document_ids: [`d-${2 * q}`],
      negative_document_ids: byRank(q).map((row) => `d-${row}`),
    })),
  );
  expect(await jsonl(join(ids.to, 'corpus.jsonl'))).toEqual(
    Array.from({ length: 100 }, (_, row) => passage(row)),
  );
  expect(ids.leftOut).toEqual([noNegative]);
});

test('gen2embed: one array, the anchor with whole rows of its cluster', async () => {
  const { to } = await exported(made, 'gen2embed');
  const row = (q: number): object => ({
    qry: query(q),
    qry_image_path: '',
    pos_text: document(2 * q),
    pos_image_path: '',
  });
  const written = JSON.parse(await readFile(join(to, 'default_hard_negatives.json'), 'utf8'));
  expect(written).toEqual(
    Array.from({ length: 20 }, (_, cluster) => ({
      ...row(2 * cluster),
      neg_samples: [row(2 * cluster + 1)],
    })),
  );
});

test('ms-swift: one positive per row, lists of lists of messages', async () => {
  const { to } = await exported(made, 'ms-swift');
  const message = (content: string): unknown => [{ role: 'user', content }];
  expect(await jsonl(join(to, 'train.jsonl'))).toEqual(
    mined.map((q) => ({
      messages: message(query(q)),
      positive_messages: [message(document(2 * q))],
      negative_messages: made.kept[q]!.map((row) => message(document(row))),
    })),
  );
});

test('automodel: rows and corpus agree on the corpus id and the ids', async () => {
  const { to } = await exported(made, 'automodel');
  const { corpus, data } = JSON.parse(await readFile(join(to, 'train.json'), 'utf8'));
  expect(corpus).toEqual([{ path: join(to, 'corpus') }]);
  const metadata = JSON.parse(await readFile(join(to, 'corpus', 'merlin_metadata.json'), 'utf8'));
  expect(metadata).toEqual({ class: 'TextQADataset', corpus_id: made.run.runId });
  const { columns, rows } = await parquet(join(to, 'corpus', 'train.parquet'));
  expect(columns).toEqual({ id: 'VARCHAR', text: 'VARCHAR' });
  expect(rows).toEqual(Array.from({ length: 100 }, (_, row) => ({ id: `d-${row}`, text: document(row) })));
  expect(data.length).toBe(mined.length);
  for (const [i, q] of mined.entries()) {
    expect(data[i]).toMatchObject({
      question_id: `q-${q}`,
      question: query(q),
      corpus_id: made.run.runId,
      pos_doc: [{ id: `d-${2 * q}`, score: -1 }],
      neg_doc: byRank(q).map((row) => ({ id: `d-${row}` })),
    });
    const scores = data[i].neg_doc.map(({ score }: { score: number }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  }
});

test('beir: positives are judgements, kept negatives are a ranking beside them', async () => {
  const { to, files } = await exported(made, 'beir');
  expect(files.map(({ path, rows }) => [path, rows])).toEqual([
    ['corpus.jsonl', 100],
    ['queries.jsonl', 40],
    ['qrels/train.tsv', 40],
    ['negatives.tsv', made.kept.flat().length],
  ]);
  expect((await jsonl(join(to, 'corpus.jsonl')))[3]).toEqual({ _id: 'd-3', title: '', text: document(3) });
  expect((await jsonl(join(to, 'queries.jsonl')))[7]).toEqual({ _id: 'q-7', text: query(7) });
  const qrels = (await readFile(join(to, 'qrels', 'train.tsv'), 'utf8')).split('\n');
  expect(qrels.slice(0, 3)).toEqual(['query-id\tcorpus-id\tscore', 'q-0\td-0\t1', 'q-1\td-2\t1']);
  const negatives = (await readFile(join(to, 'negatives.tsv'), 'utf8')).trimEnd().split('\n');
  expect(negatives.map((line) => line.split('\t').slice(0, 2))).toEqual(
    mined.flatMap((q) => byRank(q).map((row) => [`q-${q}`, `d-${row}`])),
  );
});

test('a query with several positives comes once, and a positive is never its negative', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-texts-'));
  const { connection, close } = await openDuckDb({ directory, threads: 1 });
  await connection.run(`
    CREATE TABLE triplet (anchor VARCHAR, positive VARCHAR, negative VARCHAR);
    INSERT INTO triplet VALUES ('a', 'p', 'x'), ('a', 'p', 'y'), ('a', 'q', 'x'), ('a', 'q', 'y'), ('a', 'y', 'x'), ('b', 'p', 'x')`);
  const source = {
    runId: 'r',
    connection,
    files: new Map(),
    scratch: directory,
    signal: new AbortController().signal,
  };
  const found = [];
  for await (const texts of trainingTexts(source)) found.push(texts);
  close();
  expect(found).toEqual([
    { query: 'a', positives: ['p', 'q', 'y'], negatives: ['x'] },
    { query: 'b', positives: ['p'], negatives: ['x'] },
  ]);
});
