import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exported, jsonl, parquet } from './exported-run.ts';
import { document, NO_NEGATIVE, query, type VariedRun, variedRun } from './varied-run.ts';

let run: VariedRun;
beforeAll(async () => {
  run = await variedRun('margin');
});

const passage = (row: number): unknown => ({ docid: `d-${row}`, text: document(row) });
const lines = async (path: string): Promise<string[]> => (await readFile(path, 'utf8')).trimEnd().split('\n');

test('tevatron: passages with texts, or ids and a corpus', async () => {
  const legacy = await exported(run.made, 'tevatron');
  expect(await jsonl(join(legacy.to, 'train.jsonl'))).toEqual(
    run.mined.map((q) => ({
      query_id: `q-${q}`,
      query: query(q),
      positive_passages: [passage(2 * q)],
      negative_passages: run.negatives(q).map(passage),
    })),
  );
  const ids = await exported(run.made, 'tevatron', { shape: 'ids' });
  expect(await jsonl(join(ids.to, 'train.jsonl'))).toEqual(
    run.mined.map((q) => ({
      query_id: `q-${q}`,
      query_text: query(q),
      positive_document_ids: [`d-${2 * q}`],
      negative_document_ids: run.negatives(q).map((row) => `d-${row}`),
    })),
  );
  expect(await jsonl(join(ids.to, 'corpus.jsonl'))).toEqual(
    Array.from({ length: 100 }, (_, row) => passage(row)),
  );
  expect(ids.leftOut).toEqual([NO_NEGATIVE]);
});

test('automodel: rows and corpus agree on the corpus id and the ids; scores of both', async () => {
  const { to } = await exported(run.made, 'automodel');
  const { corpus, data } = JSON.parse(await readFile(join(to, 'train.json'), 'utf8'));
  expect(corpus).toEqual([{ path: 'corpus' }]);
  const metadata = JSON.parse(await readFile(join(to, 'corpus', 'merlin_metadata.json'), 'utf8'));
  expect(metadata).toEqual({ class: 'TextQADataset', corpus_id: run.made.run.runId });
  const { columns, rows } = await parquet(join(to, 'corpus', 'train-00000-of-00001.parquet'));
  expect(columns).toEqual({ id: 'VARCHAR', text: 'VARCHAR' });
  expect(rows).toEqual(Array.from({ length: 100 }, (_, row) => ({ id: `d-${row}`, text: document(row) })));
  expect(data).toEqual(
    run.mined.map((q) => ({
      question_id: `q-${q}`,
      question: query(q),
      corpus_id: run.made.run.runId,
      pos_doc: [{ id: `d-${2 * q}`, score: run.score(q, 2 * q) }],
      neg_doc: run.negatives(q).map((d) => ({ id: `d-${d}`, score: run.score(q, d) })),
    })),
  );
});

test('pylate: three configurations; the positive stands first and every row is as long', async () => {
  const { to, files, leftOut } = await exported(run.made, 'pylate', { shape: 'kd' });
  const read = (name: string): ReturnType<typeof parquet> =>
    parquet(join(to, files.find(({ path }) => path.startsWith(`${name}/`))!.path));
  const train = await read('train');
  expect(train.columns).toEqual({ query_id: 'VARCHAR', document_ids: 'VARCHAR[]', scores: 'DOUBLE[]' });
  const full = run.mined.filter((q) => run.negatives(q).length === 3);
  expect(train.rows).toEqual(
    full.map((q) => ({
      query_id: `q-${q}`,
      document_ids: [2 * q, ...run.negatives(q)].map((d) => `d-${d}`),
      scores: [2 * q, ...run.negatives(q)].map((d) => run.score(q, d)),
    })),
  );
  expect(leftOut).toEqual([
    NO_NEGATIVE,
    { rows: run.mined.length - full.length, reason: 'queries that keep negatives, but fewer than 3' },
  ]);
  expect((await read('queries')).rows[7]).toEqual({ query_id: 'q-7', text: query(7) });
  expect((await read('documents')).rows[99]).toEqual({ document_id: 'd-99', text: document(99) });
  const readme = await readFile(join(to, 'README.md'), 'utf8');
  expect(readme).toContain(
    '- config_name: documents\n  data_files:\n  - split: train\n    path: "documents/*-',
  );
});

test('beir: positives are judgements, kept negatives are a ranking beside them', async () => {
  const { to, files } = await exported(run.made, 'beir', { split: 'dev' });
  expect(files.map(({ path, rows }) => [path, rows])).toEqual([
    ['corpus.jsonl', 100],
    ['queries.jsonl', 40],
    ['qrels/dev.tsv', 40],
    ['negatives.tsv', run.made.kept.flat().length],
    ['README.md', 0],
  ]);
  expect((await jsonl(join(to, 'corpus.jsonl')))[3]).toEqual({ _id: 'd-3', title: '', text: document(3) });
  expect((await jsonl(join(to, 'queries.jsonl')))[7]).toEqual({ _id: 'q-7', text: query(7) });
  const qrels = await lines(join(to, 'qrels', 'dev.tsv'));
  expect(qrels.slice(0, 3)).toEqual(['query-id\tcorpus-id\tscore', 'q-0\td-0\t1', 'q-1\td-2\t1']);
  expect(await lines(join(to, 'negatives.tsv'))).toEqual(
    run.mined.flatMap((q) => run.negatives(q).map((d) => `q-${q}\td-${d}\t${run.score(q, d)}`)),
  );
});

test('gpl and ance: a line per tuple, a line per query', async () => {
  const gpl = await exported(run.made, 'gpl', { negatives: 2 });
  expect(await jsonl(join(gpl.to, 'hard-negatives.jsonl'))).toEqual(
    run.mined.map((q) => ({
      qid: `q-${q}`,
      pos: [`d-${2 * q}`],
      neg: {
        quarry: run
          .negatives(q)
          .slice(0, 2)
          .map((d) => `d-${d}`),
      },
    })),
  );
  expect(await lines(join(gpl.to, 'gpl-training-data.tsv'))).toEqual(
    run.mined.flatMap((q) =>
      run
        .negatives(q)
        .slice(0, 2)
        .map((d) => `q-${q}\td-${2 * q}\td-${d}\t${run.score(q, 2 * q) - run.score(q, d)}`),
    ),
  );
  const ance = await exported(run.made, 'ance');
  expect(await lines(join(ance.to, 'ann_training_data_0'))).toEqual(
    run.mined.map(
      (q) =>
        `q-${q}\td-${2 * q}\t${run
          .negatives(q)
          .map((d) => `d-${d}`)
          .join(',')}`,
    ),
  );
});
