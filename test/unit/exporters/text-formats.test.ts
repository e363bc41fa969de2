import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { exported, jsonl, parquet } from './exported-run.ts';
import { document, NO_NEGATIVE, query, type VariedRun, variedRun } from './varied-run.ts';

let run: VariedRun;
beforeAll(async () => {
  run = await variedRun();
});

/** Mined queries that keep at least so many negatives. */
const withAtLeast = (n: number): number[] => run.mined.filter((q) => run.negatives(q).length >= n);

test('flagembedding: lists of texts, and no row with an empty neg', async () => {
  const { to, files, leftOut } = await exported(run.made, 'flagembedding');
  const rows = run.mined.map((q) => ({
    query: query(q),
    pos: [document(2 * q)],
    neg: run.negatives(q).map(document),
  }));
  expect(await jsonl(join(to, 'train.jsonl'))).toEqual(rows);
  expect(files.map(({ path, rows: count }) => [path, count])).toEqual([
    ['train.jsonl', 26],
    ['README.md', 0],
  ]);
  expect(leftOut).toEqual([NO_NEGATIVE]);
});

test('flagembedding: scores beside the texts, aligned, and the prompt of every row', async () => {
  const { to } = await exported(run.made, 'flagembedding', {
    scores: 'scores',
    negatives: 2,
    prompt: 'Say "why":',
  });
  expect(await jsonl(join(to, 'train.jsonl'))).toEqual(
    run.mined.map((q) => ({
      query: query(q),
      pos: [document(2 * q)],
      neg: run.negatives(q).slice(0, 2).map(document),
      pos_scores: [run.score(q, 2 * q)],
      neg_scores: run
        .negatives(q)
        .slice(0, 2)
        .map((d) => run.score(q, d)),
      prompt: 'Say "why":',
    })),
  );
});

test('ms-swift: one positive per row, lists of lists of messages', async () => {
  const { to } = await exported(run.made, 'ms-swift');
  const message = (content: string): unknown => [{ role: 'user', content }];
  expect(await jsonl(join(to, 'train.jsonl'))).toEqual(
    run.mined.map((q) => ({
      messages: message(query(q)),
      positive_messages: [message(document(2 * q))],
      negative_messages: run.negatives(q).map((d) => message(document(d))),
    })),
  );
});

test('gen2embed: one array, the anchor with whole rows of its cluster', async () => {
  const { to } = await exported(run.made, 'gen2embed');
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

test("unime-v2: an even number of negatives in every row, one less than the run's three", async () => {
  const { to, leftOut } = await exported(run.made, 'unime-v2');
  expect(JSON.parse(await readFile(join(to, 'train.json'), 'utf8'))).toEqual(
    run.mined.map((q) => {
      const two = run.negatives(q).slice(0, 2);
      return {
        query_text: query(q),
        query_image: '',
        pos_text: document(2 * q),
        pos_image: '',
        query_pos_scores: run.score(q, 2 * q),
        hard_negatives: two.map((d) => [document(d), '']),
        hard_negatives_scores: two.map((d) => run.score(q, d)),
      };
    }),
  );
  expect(leftOut).toEqual([NO_NEGATIVE]);
  await expect(exported(run.made, 'unime-v2', { negatives: 3 })).rejects.toThrow(
    '--negatives 3: unime-v2 reads negatives two at a time; an even number is needed, for instance --negatives 4',
  );
});

test('automodel, inline: the text of one positive, a list of texts of negatives', async () => {
  const { to } = await exported(run.made, 'automodel', { shape: 'inline', negatives: 3 });
  expect(await jsonl(join(to, 'train.jsonl'))).toEqual(
    withAtLeast(3).map((q) => ({
      query: query(q),
      pos_doc: document(2 * q),
      neg_doc: run.negatives(q).map(document),
    })),
  );
});

test('contrastors: offsets are the bytes of every line, counts the lines, named by the place', async () => {
  const { to, files } = await exported(run.made, 'contrastors', {
    scores: 'scores',
    at: 's3://bucket/mined/',
  });
  const shard = gunzipSync(await readFile(join(to, 'shard-00000.jsonl.gz')));
  const offsets = JSON.parse(gunzipSync(await readFile(join(to, 'offsets.json.gz'))).toString());
  const rows = withAtLeast(3);
  expect(JSON.parse(await readFile(join(to, 'counts.json'), 'utf8'))).toEqual({
    total_count: rows.length,
    count_per_file: { 'bucket/mined/shard-00000.jsonl.gz': rows.length },
  });
  const found = offsets['bucket/mined/shard-00000.jsonl.gz'];
  expect(Object.keys(found).length).toBe(rows.length);
  for (const [line, q] of rows.entries()) {
    const [start, end] = found[line];
    expect(JSON.parse(shard.subarray(start, end).toString('utf8'))).toEqual({
      query: query(q),
      document: document(2 * q),
      negatives: run.negatives(q).map(document),
      document_score: run.score(q, 2 * q),
      negatives_scores: run.negatives(q).map((d) => run.score(q, d)),
      metadata: { objective: { self: [], paired: [], triplet: [['query', 'document', 'negatives']] } },
    });
  }
  expect(files.map(({ path, rows: count }) => [path, count])).toContainEqual([
    'shard-00000.jsonl.gz',
    rows.length,
  ]);
  const hash = async (path: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  const again = await exported(run.made, 'contrastors', { scores: 'scores', at: 's3://bucket/mined' });
  expect(await hash(join(again.to, 'shard-00000.jsonl.gz'))).toBe(
    await hash(join(to, 'shard-00000.jsonl.gz')),
  );
});

test('mmeb: scalar negatives, lists in whole chunks, clusters in order, a Python literal', async () => {
  const pair = (q: number): object => ({
    qry: query(q),
    qry_image_path: '',
    pos_text: document(2 * q),
    pos_image_path: '',
  });
  const v1 = await exported(run.made, 'mmeb');
  expect(v1.files[0]!.path).toMatch(/^default\/original-00000-of-00001-[0-9a-f]{12}\.parquet$/);
  expect((await parquet(join(v1.to, v1.files[0]!.path))).rows).toEqual(
    run.mined.flatMap((q) =>
      run.negatives(q).map((d) => ({ ...pair(q), neg_text: document(d), neg_image_path: '' })),
    ),
  );
  const b3 = await exported(run.made, 'mmeb', { shape: 'b3', chunk: 4, negatives: 2 });
  expect(b3.files[0]!.path).not.toBe(v1.files[0]!.path);
  const lists = await parquet(join(b3.to, b3.files[0]!.path));
  expect(lists.columns).toMatchObject({ neg_text: 'VARCHAR[]', neg_image_path: 'VARCHAR[]' });
  expect(lists.rows).toEqual(
    run.mined.slice(0, 24).map((q) => ({
      ...pair(q),
      neg_text: run.negatives(q).slice(0, 2).map(document),
      neg_image_path: ['', ''],
    })),
  );
  expect(b3.leftOut).toContainEqual({
    rows: 2,
    reason: 'rows at the end, which do not fill a chunk of 4',
  });
  const clusters = await exported(run.made, 'mmeb', { shape: 'b3-clusters', split: 'train' });
  const ordered = await parquet(join(clusters.to, clusters.files[0]!.path));
  expect(ordered.rows).toEqual(Array.from({ length: 32 }, (_, q) => pair(q)));
  expect(clusters.leftOut).toEqual([{ rows: 8, reason: 'rows at the end, which do not fill a chunk of 32' }]);
  const mme5 = await exported(run.made, 'mmeb', { shape: 'mme5' });
  expect((await parquet(join(mme5.to, mme5.files[0]!.path))).rows[0]).toEqual({
    ...pair(1),
    neg_text: JSON.stringify(run.negatives(1).map(document)),
    neg_image_path: JSON.stringify(run.negatives(1).map(() => '')),
  });
});
