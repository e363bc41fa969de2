import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exported } from '../unit/exporters/exported-run.ts';
import { document, query, type VariedRun, variedRun } from '../unit/exporters/varied-run.ts';
import { interpreter, runPython } from './python-environment.ts';

/** Every export is read by the trainer that it is for, in its published version, on a model of random weights. */

let run: VariedRun;
/** Mined queries that keep three negatives. */
let full: number[];
beforeAll(async () => {
  run = await variedRun();
  full = run.mined.filter((q) => run.negatives(q).length === 3);
});

const to = async (
  ...args: Parameters<typeof exported> extends [unknown, ...infer Rest] ? Rest : never
): Promise<string> => (await exported(run.made, ...args)).to;

test('sentence-transformers trains a step on every shape', async ({ skip }) => {
  const python = await interpreter('sentence-transformers', skip);
  const format = 'sentence-transformers';
  const margin = { scores: 'margin', negatives: 2 } as const;
  const scores = { scores: 'scores' } as const;
  const triplets = run.made.kept.flat().length;
  const labeled = triplets + run.mined.length;
  const cases = [
    { options: { shape: 'triplet' }, loss: 'MultipleNegativesRankingLoss', rows: triplets },
    { options: { shape: 'triplet', ...scores }, loss: 'DistillKLDivLoss', rows: triplets },
    { options: { shape: 'triplet', ...margin, negatives: 1 }, loss: 'MarginMSELoss', rows: run.mined.length },
    { options: { shape: 'n-tuple' }, loss: 'MultipleNegativesRankingLoss', rows: full.length },
    { options: { shape: 'n-tuple', ...scores }, loss: 'DistillKLDivLoss', rows: full.length },
    { options: { shape: 'n-tuple', ...margin }, loss: 'MarginMSELoss', rows: run.mined.length },
    { options: { shape: 'labeled-pair' }, loss: 'ContrastiveLoss', rows: labeled },
    { options: { shape: 'labeled-pair', ...scores }, loss: 'CoSENTLoss', rows: labeled },
    { options: { shape: 'labeled-list' }, loss: 'LambdaLoss', rows: run.mined.length },
    { options: { shape: 'labeled-list', ...scores }, loss: 'ListNetLoss', rows: run.mined.length },
  ];
  const args = [];
  for (const { options, loss } of cases) args.push(`${await to(format, options)}=${loss}`);
  type Found = Record<
    string,
    { rows: number; columns: string[]; loss: number; first: Record<string, unknown> }
  >;
  const found = await runPython<Found>(python, 'trainers/sentence_transformers_steps.py', args);
  expect(args.map((arg) => found[arg]!.rows)).toEqual(cases.map(({ rows }) => rows));
  expect(Object.values(found).every(({ loss }) => Number.isFinite(loss))).toBe(true);
  expect(found[args[5]!]!.columns).toEqual(['anchor', 'positive', 'negative_1', 'negative_2', 'label']);
  expect(found[args[8]!]!.first).toEqual({
    anchor: query(1),
    positive: [2, ...run.negatives(1)].map(document),
    labels: [1, ...run.negatives(1).map(() => 0)],
  });
});

test('FlagEmbedding reads every row and trains on scores', async ({ skip }) => {
  const python = await interpreter('trainers', skip);
  const plain = join(await to('flagembedding'), 'train.jsonl');
  const scored = join(await to('flagembedding', { scores: 'scores', prompt: 'Why: ' }), 'train.jsonl');
  const found = await runPython<Record<string, object>>(python, 'trainers/flagembedding_step.py', [
    plain,
    scored,
  ]);
  expect(found.plain).toMatchObject({ rows: run.mined.length, passages: [4], scores: [0] });
  expect(found.scored).toMatchObject({
    rows: run.mined.length,
    passages: [4],
    scores: [4],
    query: `Why: ${query(1)}`,
  });
});

test('Tevatron reads passages', async ({ skip }) => {
  const python = await interpreter('trainers', skip);
  const found = await runPython<object>(python, 'trainers/tevatron_rows.py', [await to('tevatron')]);
  expect(found).toMatchObject({
    rows: run.mined.length,
    columns: ['negatives', 'positives', 'query'],
    positives: run.mined.map(() => 1),
    negatives: run.mined.map((q) => run.negatives(q).length),
  });
});

test('PyLate trains both losses; KDProcessing finds every document', async ({ skip }) => {
  const python = await interpreter('trainers', skip);
  const [contrastive, kd] = [await to('pylate'), await to('pylate', { shape: 'kd' })];
  const found = await runPython<Record<string, object>>(python, 'trainers/pylate_steps.py', [
    contrastive,
    kd,
  ]);
  expect(found.contrastive).toMatchObject({ rows: run.made.kept.flat().length });
  expect(found.kd).toMatchObject({
    configs: ['documents', 'queries', 'train'],
    rows: full.length,
    lengths: [[4, 4]],
    empty: 0,
    query: query(full[0]!),
    documents: [2 * full[0]!, ...run.negatives(full[0]!)].map(document),
  });
});

test('ms-swift reads messages', async ({ skip }) => {
  const python = await interpreter('ms-swift', skip);
  const file = join(await to('ms-swift'), 'train.jsonl');
  const found = await runPython<Record<string, unknown>>(python, 'trainers/ms_swift_rows.py', [file]);
  const message = (content: string): unknown => [expect.objectContaining({ role: 'user', content })];
  expect(found).toMatchObject({
    rows: run.mined.length,
    positives: [1],
    negatives: run.mined.map((q) => run.negatives(q).length),
    first: {
      messages: message(query(1)),
      positive_messages: [message(document(2))],
      negative_messages: run.negatives(1).map((d) => message(document(d))),
    },
  });
});

test('NeMo Automodel reads ids with a corpus that lies beside them, and inline texts', async ({ skip }) => {
  const python = await interpreter('automodel', skip);
  const corpus = join(await to('automodel'), 'train.json');
  const inline = join(await to('automodel', { shape: 'inline', negatives: 2 }), 'train.jsonl');
  const found = await runPython<Record<string, object>>(python, 'trainers/automodel_rows.py', [
    corpus,
    inline,
  ]);
  const [first, second, third] = run.negatives(1);
  expect(found.corpus).toMatchObject({
    rows: run.mined.length,
    passages: [4],
    empty: 0,
    question: query(1),
    documents: [2, first!, second!, third ?? first!].map(document),
  });
  expect(found.inline).toMatchObject({
    rows: run.mined.length,
    documents: [2, first!, second!, first!].map(document),
  });
});

test('BEIR and GPL read corpus, queries, judgements, negatives and margins', async ({ skip }) => {
  const python = await interpreter('trainers', skip);
  const beir = await to('beir', { split: 'dev' });
  expect(await runPython<object>(python, 'trainers/beir_rows.py', [beir, 'dev'])).toEqual({
    documents: 100,
    queries: 40,
    judged: 40,
    first: { query: query(0), positives: [[{ text: document(0), title: '' }, 1]] },
  });
  const found = await runPython<Record<string, unknown>>(python, 'trainers/gpl_rows.py', [await to('gpl')]);
  const [q, d] = [run.mined[0]!, run.negatives(run.mined[0]!)[0]!];
  expect(found).toMatchObject({
    queries: run.mined.length,
    tuples: run.made.kept.flat().length,
    first: { label: run.score(q, 2 * q) - run.score(q, d) },
  });
  const guids = found.guids as [string, string, string][];
  for (const [i, mined] of run.mined.entries()) {
    expect(guids[i]!.slice(0, 2)).toEqual([`q-${mined}`, `d-${2 * mined}`]);
    expect(run.negatives(mined).map((row) => `d-${row}`)).toContain(guids[i]![2]);
  }
});
