import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { findInput } from '@quarry/activities/dataset/input-format';
import { planInput } from '@quarry/activities/dataset/plan-input';
import { openPreviousRun } from '@quarry/activities/dataset/previous-run';
import { churnOf } from '@quarry/activities/evaluation/churn';
import type { CommittedRun } from '@quarry/activities/evaluation/open-tables';
import {
  PROMOTIONS,
  sampleOfNegatives,
  writeVerdictSheet,
} from '@quarry/activities/evaluation/verdict-sheet';
import { promoted } from '@quarry/activities/mining/filters/promoted';
import { CODE } from '@quarry/activities/mining/reason-codes';
import { UnitOutput } from '@quarry/activities/stages/unit';
import { decodeNpy } from '@quarry/activities/tables/npy';
import { jobSchema } from '@quarry/workflows/job';
import { expect, test } from 'vitest';
import { jsonl, stageContext, temporaryDirectory, writeFiles } from '../dataset/planned-input.ts';

type Row = readonly [query: string, document: string, score: number, reason: string | null];

/** A committed run of which only the table of candidates and the manifest are there. */
async function round(runId: string, rows: readonly Row[]): Promise<CommittedRun> {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'data/candidates'), { recursive: true });
  const path = 'data/candidates/train-00000-of-00001.parquet';
  const values = rows.map(([query, document, score, reason], i) => {
    const why = reason === null ? 'NULL' : `'${reason}'`;
    return `('${query}', '${document}', ${i + 1}, ${score}::DOUBLE, '${reason === null ? 'kept' : 'dropped'}', ${why})`;
  });
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`COPY (SELECT * FROM (VALUES ${values.join(', ')})
    t(query_id, document_id, rank, score, verdict, reason)) TO '${join(directory, path)}'`);
  connection.closeSync();
  await writeFile(join(directory, 'job.json'), JSON.stringify({ mining: { strategy: 'margin' } }));
  await writeFile(join(directory, '_manifest.json'), JSON.stringify({ runId, files: [{ path }] }));
  const uri = pathToFileURL(directory).href;
  return { runId, directory: uri, files: [path], document: null, cache: `${uri}/cache` };
}

const FIRST: readonly Row[] = [
  ['q1', 'a', 0.9, 'relative_margin'],
  ['q1', 'p', 0.8, 'known_positive'],
  ['q1', 'b', 0.7, 'relative_margin'],
  ['q1', 'c', 0.6, null],
  ['q1', 'd', 0.5, 'judge'],
  ['q2', 'a', 0.9, 'max_score'],
  ['q2', 'b', 0.8, null],
  ['q2', 'c', 0.7, null],
  ['q9', 'c', 0.7, 'cross_encoder'],
];

test('promoted: dropped as suspicious and above a known positive, or called an answer by a model', async () => {
  const run = await round('first', FIRST);
  const context = stageContext(await temporaryDirectory());
  const path = join(await temporaryDirectory(), 'promoted.jsonl');
  expect(await writeVerdictSheet(context, run, PROMOTIONS, path)).toBe(3);
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { query_id: 'q1', document_id: 'a', verdict: '', reason: 'relative_margin', positive_score: 0.8 },
    { query_id: 'q9', document_id: 'c', verdict: '', reason: 'cross_encoder', positive_score: null },
    { query_id: 'q1', document_id: 'd', verdict: '', reason: 'judge' },
  ]);
  await expect(writeVerdictSheet(context, run, PROMOTIONS, path)).rejects.toMatchObject({ code: 'EEXIST' });
});

test('churn: negatives of the queries in both, and why the earlier ones are none any more', async () => {
  const second: readonly Row[] = [
    ['q1', 'c', 0.9, 'promoted'],
    ['q1', 'b', 0.8, null],
    ['q2', 'b', 0.8, null],
    ['q3', 'a', 0.8, null],
  ];
  const context = stageContext(await temporaryDirectory());
  const found = await churnOf(context, await round('second', second), await round('first', FIRST));
  expect(found).toEqual({
    run: 'second',
    previous: 'first',
    queries: 2,
    newQueries: 1,
    goneQueries: 1,
    same: 1,
    added: 1,
    removed: 2,
    churn: 2 / 3,
    removedFor: { not_retrieved: 1, promoted: 1 },
  });
});

test('a plan knows what the previous round promoted, by its own dense ids, as far as it is still there', async () => {
  const directory = await temporaryDirectory();
  await writeFiles(directory, {
    'queries.jsonl': jsonl({ _id: 'q2', text: 'two' }, { _id: 'q1', text: 'one' }),
    'corpus.jsonl': jsonl(...['a', 'b', 'p'].map((_id) => ({ _id, title: '', text: `document ${_id}` }))),
    'qrels/train.tsv': 'q2\tp\t1\nq1\tp\t1\n',
  });
  const { input } = jobSchema.parse({
    name: 'test',
    input: { format: 'beir', path: pathToFileURL(directory).href },
  });
  const context = stageContext(await temporaryDirectory());
  const output = new UnitOutput(join(await temporaryDirectory(), 'output'));
  const first = await round('first', FIRST);
  await planInput(context, output, {
    job: input,
    input: await findInput(context, input),
    sizing: (side) => ({ side, maxLength: 64, dimension: 8, shardRows: undefined }),
    previous: await openPreviousRun(context, { previousRun: first.directory }),
  });
  const read = async (name: string): Promise<Uint8Array> => readFile(join(output.directory, name));
  const array = async (name: string): Promise<number[]> => [...decodeNpy(await read(name), name).data];
  // q1 is query 1; of its promotions a is still there and d is not.
  expect(await array('promoted-offsets.npy')).toEqual([0, 0, 1]);
  expect(await array('promoted-document.npy')).toHaveLength(1);
  const plan = JSON.parse((await read('plan.json')).toString());
  expect(plan.promoted).toMatchObject({ runId: 'first', rows: 1 });
});

test('a previous run that is none, or has no candidates, is refused', async () => {
  const context = stageContext(await temporaryDirectory());
  const empty = pathToFileURL(await temporaryDirectory()).href;
  await expect(openPreviousRun(context, { previousRun: empty })).rejects.toThrow(
    /holds no _manifest.json, so no committed run/,
  );
  const { directory } = await round('first', FIRST);
  await writeFile(new URL(`${directory}/_manifest.json`), JSON.stringify({ runId: 'x', files: [] }));
  await expect(openPreviousRun(context, { previousRun: directory })).rejects.toThrow(
    /without the table candidates/,
  );
});

test('the filter drops what was promoted, and nothing that has another reason already', () => {
  const reasons = Uint8Array.of(0, CODE.self, 0, 0);
  promoted.drop({
    query: 0,
    documents: Int32Array.of(5, 6, 7, -1),
    scores: new Float32Array(4),
    reasons,
    positives: new Int32Array(0),
    positiveScores: new Float32Array(0),
    promoted: Int32Array.of(6, 7),
    self: Int32Array.of(-1, -1),
    features: {},
  });
  expect([...reasons]).toEqual([0, CODE.self, CODE.promoted, 0]);
});

test('a sample of the negatives for people: only kept ones, the same every time', async () => {
  const run = await round('sampled', FIRST);
  const context = stageContext(await temporaryDirectory());
  const sheet = async (rows: number): Promise<unknown[]> => {
    const path = join(await temporaryDirectory(), 'sheet.jsonl');
    expect(await writeVerdictSheet(context, run, sampleOfNegatives(rows), path)).toBe(Math.min(rows, 3));
    return (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const all = await sheet(10);
  expect(all).toEqual(await sheet(10));
  expect(await sheet(2)).toEqual(all.slice(0, 2));
  const kept = FIRST.filter(([, , , reason]) => reason === null).map(([query, document]) => [
    query,
    document,
  ]);
  const found = all as { query_id: string; document_id: string; verdict: string }[];
  expect(found.map(({ query_id, document_id }) => [query_id, document_id]).sort()).toEqual(kept.sort());
  for (const { verdict } of found) expect(verdict).toBe('');
});
