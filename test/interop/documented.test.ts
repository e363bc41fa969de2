import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exported } from '../unit/exporters/exported-run.ts';
import { document, query, type VariedRun, variedRun } from '../unit/exporters/varied-run.ts';
import { interpreter, runPython } from './python-environment.ts';

/** Trainers that are in no package registry: their loaders begin with these calls of `datasets` and `json`. */

interface Loaded {
  readonly rows: number;
  readonly columns: Record<string, string>;
  readonly first: Record<string, unknown>;
}

let run: VariedRun;
beforeAll(async () => {
  run = await variedRun();
});

test('load_dataset finds the MMEB configuration by its name and split, with the types of each consumer', async ({
  skip,
}) => {
  const python = await interpreter('datasets', skip);
  const args = [];
  for (const shape of ['v1', 'b3', 'b3-clusters', 'mme5']) {
    const { to } = await exported(run.made, 'mmeb', {
      shape,
      negatives: shape === 'b3-clusters' ? undefined : 2,
      ...(shape.startsWith('b3') && { chunk: 4 }),
    });
    args.push(`${to}=default=original`);
  }
  const found = await runPython<Loaded[]>(python, 'load_directories.py', args);
  const [v1, b3, clusters, mme5] = found as [Loaded, Loaded, Loaded, Loaded];
  expect(v1.columns).toMatchObject({ qry: 'string', neg_text: 'string', neg_image_path: 'string' });
  expect(b3.columns).toMatchObject({ neg_text: 'list<string>', neg_image_path: 'list<string>' });
  expect(b3.rows % 4).toBe(0);
  expect(clusters.columns).toEqual({
    qry: 'string',
    qry_image_path: 'string',
    pos_text: 'string',
    pos_image_path: 'string',
  });
  expect(mme5.first).toEqual({
    qry: query(1),
    qry_image_path: '',
    pos_text: document(2),
    pos_image_path: '',
    neg_text: run.negatives(1).slice(0, 2).map(document),
    neg_image_path: ['', ''],
  });
});

test('load_dataset reads what Tevatron names by ids', async ({ skip }) => {
  const python = await interpreter('datasets', skip);
  const { to } = await exported(run.made, 'tevatron', { shape: 'ids' });
  const files = ['train.jsonl', 'corpus.jsonl'].map((file) => join(to, file));
  const [train, corpus] = await runPython<[Loaded, Loaded]>(python, 'load_directories.py', files);
  expect(train.first).toEqual({
    query_id: 'q-1',
    query_text: query(1),
    positive_document_ids: ['d-2'],
    negative_document_ids: run.negatives(1).map((d) => `d-${d}`),
  });
  expect(corpus).toMatchObject({ rows: 100, first: { docid: 'd-0', text: document(0) } });
});
