import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { committedRun, exported } from '../unit/exporters/exported-run.ts';
import type { Fabricated } from '../unit/tables/fabricated-run.ts';
import { pythonEnvironment } from './python-environment.ts';

/** Loads every directory or file given, each in a line, and prints its columns, rows and first row. */
const SCRIPT = `
import json, os, sys
from datasets import load_dataset
found = []
for path in sys.argv[1:]:
    data = load_dataset(path, split="train") if os.path.isdir(path) else load_dataset("json", data_files=path, split="train")
    found.append({"rows": len(data), "columns": data.column_names, "first": data[0]})
print(json.dumps(found))
`;

const text = (side: string, row: number): string => (row === 0 ? `😀 "${side}"\nzero` : `${side} ${row}`);

let python: Awaited<ReturnType<typeof pythonEnvironment>>;
let made: Fabricated;
beforeAll(async () => {
  python = await pythonEnvironment();
  made = await committedRun({ strategy: 'saha', text });
}, 600_000);

test('exports are loaded by load_dataset', async ({ skip }) => {
  if (!('path' in python)) return skip(python.missing);
  const shapes = ['triplet', 'n-tuple', 'labeled-pair', 'labeled-list'];
  const paths = [];
  for (const shape of shapes) paths.push((await exported(made, 'sentence-transformers', { shape })).to);
  for (const format of ['flagembedding', 'tevatron', 'ms-swift'])
    paths.push(join((await exported(made, format)).to, 'train.jsonl'));
  const { stdout } = await promisify(execFile)(python.path, ['-c', SCRIPT, ...paths], {
    env: {
      ...process.env,
      HF_HOME: await mkdtemp(join(tmpdir(), 'quarry-hf-')),
      HF_HUB_OFFLINE: '1',
      HF_DATASETS_OFFLINE: '1',
    },
  });
  const [triplet, nTuple, pair, list, flag, tevatron, swift] = JSON.parse(stdout);
  const [query, positive] = [text('query', 0), text('document', 0)];
  const negatives = made.kept[0]!.map((row) => text('document', row));
  expect(triplet).toMatchObject({
    rows: made.kept.flat().length,
    columns: ['anchor', 'positive', 'negative'],
  });
  expect(nTuple.columns).toEqual(['anchor', 'positive', 'negative_1', 'negative_2', 'negative_3']);
  expect(pair.columns).toEqual(['anchor', 'positive', 'label']);
  expect(pair.first).toEqual({ anchor: query, positive, label: 1 });
  expect(list.columns).toEqual(['anchor', 'positive', 'labels']);
  expect(list.first).toEqual({
    anchor: query,
    positive: [positive, ...negatives],
    labels: [1, ...negatives.map(() => 0)],
  });
  expect(flag).toEqual({
    rows: 40,
    columns: ['query', 'pos', 'neg'],
    first: { query, pos: [positive], neg: negatives },
  });
  expect(tevatron.first.positive_passages).toEqual([{ docid: 'd-0', text: positive }]);
  expect(swift.first.positive_messages).toEqual([[{ role: 'user', content: positive }]]);
}, 120_000);
