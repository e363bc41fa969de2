import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { compareRuns } from '@quarry/activities/evaluation/compare-runs';
import { evaluationCsv } from '@quarry/activities/evaluation/evaluation-csv';
import { wilsonInterval } from '@quarry/activities/mining/wilson-interval';
import { beforeAll, describe, expect, test } from 'vitest';
import { quarry } from '../../support/quarry.ts';
import { runDirectory } from '../exporters/exported-run.ts';
import type { Fabricated } from '../tables/fabricated-run.ts';
import {
  evaluated,
  evaluateFile,
  firstKept,
  mean,
  negatives,
  reportedRun,
  scoresOf,
  table,
} from './evaluated-runs.ts';

let margin: Fabricated;
let saha: Fabricated;
beforeAll(async () => {
  margin = await reportedRun('margin');
  saha = await reportedRun('saha');
});

describe('qrels', () => {
  test('TSV: what a judged query does not list is not relevant, and other queries are not judged', async () => {
    const judged = firstKept(margin).slice(0, 10);
    const found = await evaluated(
      margin,
      'hidden.tsv',
      `query-id\tcorpus-id\tscore\n${judged.map(([q, d]) => `q-${q}\td-${d}\t1\n`).join('')}q-11\td-99\t0\n`,
    );
    const triplet = table(found, 'triplet');
    const judgedNegatives = [...judged.map(([q]) => q), 11].reduce(
      (sum, query) => sum + margin.kept[query]!.length,
      0,
    );
    expect(triplet).toMatchObject({
      negatives: negatives(margin),
      judged: judgedNegatives,
      falseNegatives: 10,
      ...wilsonInterval(10, judgedNegatives),
      reached: 1,
    });
    expect(triplet.bands).toHaveLength(1);
    expect(triplet.bands[0]).toMatchObject({
      band: '1-10',
      negatives: negatives(margin),
      falseNegatives: 10,
    });
    expect(found.truth).toMatchObject({ kind: 'qrels', rows: 11 });
  });

  test('hardness: mean score, ratio to the positives, filled', async () => {
    const found = await evaluated(margin, 'one.tsv', 'q-0\td-7\t1\n');
    const { meanHardness, filled, ratio } = table(found, 'triplet');
    const scores = scoresOf(margin);
    expect(meanHardness).toBeCloseTo(mean(scores.flat()), 5);
    expect(filled).toBeCloseTo(scores.filter(({ length }) => length >= 3).length / scores.length, 9);
    const ratios = scores.map((own, query) => mean(own) / (0.9 - query / 1e6));
    expect(ratio).toBeCloseTo(mean(ratios), 5);
    const { negatives } = table(found, 'n-tuple');
    expect(negatives).toBe(scores.filter(({ length }) => length === 3).length * 3);
  });

  test('TREC, minRelevance, a BEIR directory', async () => {
    const [[query, document]] = firstKept(margin) as [readonly [number, number]];
    const line = (relevance: number): string => `q-${query} 0 d-${document} ${relevance}\n`;
    const trec = await evaluated(margin, 'a.qrels', line(1));
    expect(table(trec, 'triplet').falseNegatives).toBe(1);
    const strict = await evaluated(margin, 'a.qrels', line(1), { minRelevance: 2 });
    expect(table(strict, 'triplet')).toMatchObject({ falseNegatives: 0, judged: margin.kept[query]!.length });
    await evaluated(margin, 'beir/qrels/test.tsv', `q-${query}\td-${document}\t1\n`);
    const beir = await evaluateFile(margin, join(margin.directory, 'beir'));
    expect(table(beir, 'triplet').falseNegatives).toBe(1);
  });
});

test('verdicts: what nobody judged is not judged, undecided rows are passed over; Parquet as well', async () => {
  const [[q, d], [r, e]] = firstKept(margin) as [readonly [number, number], readonly [number, number]];
  const rows = [
    { query_id: `q-${q}`, document_id: `d-${d}`, verdict: 'accept' },
    { query_id: `q-${r}`, document_id: `d-${e}`, verdict: 'negative' },
    { query_id: 'q-5', document_id: 'd-5', verdict: null },
  ];
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const found = await evaluated(margin, 'verdicts.jsonl', text);
  expect(found.truth).toMatchObject({ kind: 'verdicts', rows: 2 });
  expect(table(found, 'triplet')).toMatchObject({ judged: 2, falseNegatives: 1, rate: 0.5 });
  const parquet = join(margin.directory, 'verdicts.parquet');
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(
    `COPY (SELECT * FROM (VALUES ('q-${q}', 'd-${d}', 'yes')) t(query_id, document_id, verdict)) TO '${parquet}'`,
  );
  connection.closeSync();
  expect(table(await evaluateFile(margin, parquet), 'triplet')).toMatchObject({ judged: 1, rate: 1 });
});

describe('labels', () => {
  const label = (row: number): string => `label ${row % 3}`;
  const lines = (key: (side: string, row: number) => object): string =>
    ['query', 'document']
      .flatMap((side) =>
        Array.from({ length: side === 'query' ? 40 : 100 }, (_, row) => ({
          ...key(side, row),
          label: label(row),
        })),
      )
      .map((row) => `${JSON.stringify(row)}\n`)
      .join('');
  const same = (made: Fabricated): number =>
    made.kept.reduce(
      (sum, documents, query) => sum + documents.filter((d) => label(d) === label(query)).length,
      0,
    );

  test('by id and by text: the same label is a true positive', async () => {
    const byId = await evaluated(
      margin,
      'ids.jsonl',
      lines((side, row) => ({ id: `${side[0]}-${row}` })),
    );
    const byText = await evaluated(
      margin,
      'texts.jsonl',
      lines((side, row) => ({ text: `${side} number ${row}` })),
    );
    for (const found of [byId, byText]) {
      expect(table(found, 'triplet')).toMatchObject({
        judged: negatives(margin),
        falseNegatives: same(margin),
      });
    }
    expect(same(margin)).toBeGreaterThan(0);
  });

  test('by text they need the cache', async () => {
    const text = lines((side, row) => ({ text: `${side} number ${row}` }));
    await expect(evaluated(margin, 'texts.jsonl', text, { cache: false })).rejects.toThrow(
      /labels texts, and .* no longer holds those of fabricated-0123456789ab; run the job again/,
    );
  });
});

test('clusters: every ordered pair of members counts', async () => {
  // Cluster c holds queries 2c and 2c + 1 with documents 4c and 4c + 2; judge one direction of each.
  const rows = Array.from(
    { length: 20 },
    (_, c) => `q-${2 * c}\td-${4 * c + 2}\t1\nq-${2 * c + 1}\td-99\t0\n`,
  );
  const found = await evaluated(saha, 'clusters.tsv', rows.join(''));
  expect(table(found, 'clusters')).toMatchObject({
    negatives: 40,
    judged: 40,
    falseNegatives: 20,
    rate: 0.5,
    filled: 0,
    reached: 1,
  });
});

test('without its cache a run is evaluated by its own files; what they do not say is said', async () => {
  const [[q, d]] = firstKept(margin) as [readonly [number, number]];
  const found = await evaluated(margin, 'x.tsv', `q-${q}\td-${d}\t1\n`, { cache: false });
  expect(found.evaluations.map((evaluation) => evaluation.table)).toEqual(['triplet', 'candidates']);
  expect(table(found, 'triplet').falseNegatives).toBe(1);
  expect(found.notes).toEqual([
    expect.stringContaining('no ratio'),
    expect.stringContaining('no n-tuple: the texts by which its ids are found are gone'),
  ]);
});

describe('a truth that cannot be used', () => {
  test.each([
    [
      'matches.tsv',
      'claim-1\tdoc-1\t1\n',
      /says nothing about any negative.*\n.*"claim-1"\n.*"doc-1"\n.*"q-0", "q-1", "q-10"\n.*"d-/,
    ],
    ['matches.jsonl', '{"text": "x", "label": "y"}\n', /labels the texts +"x"\n.*"query number 0"/],
    [
      'two.tsv',
      'q-1\td-1\t1\nq-1\td-1\t0\n',
      /gives query q-1 and document d-1 both relevant and not relevant/,
    ],
    ['two.jsonl', '{"id": "a", "label": 1}\n{"id": "a", "label": 2}\n', /gives a two labels/],
    ['bad.jsonl', '{"id": "a", "label": 1}\n{"id": "a"}\n', /bad\.jsonl:2: .*label/],
    ['bad.tsv', 'q-1\td-1\tmuch\n', /bad\.tsv:1: score "much" is not a number/],
    ['bad.qrels', 'q-1 0 d-1\n', /bad\.qrels:1: 3 fields/],
    [
      'word.jsonl',
      '{"query_id": "q-1", "document_id": "d-1", "verdict": "maybe"}\n',
      /word\.jsonl:1: verdict "maybe"; expected/,
    ],
    ['columns.csv', 'a,b\n1,2\n', /has the columns a, b, which say of nothing/],
    ['empty.tsv', 'query-id\tcorpus-id\tscore\n', /holds no judgement; expected qrels/],
  ])('%s', async (name, content, message) => {
    await expect(evaluated(margin, name, content)).rejects.toThrow(message);
  });

  test('a file that is not there', async () => {
    await expect(evaluateFile(margin, join(margin.directory, 'nowhere.tsv'))).rejects.toThrow(
      /nowhere\.tsv is not there; expected qrels/,
    );
  });
});

test('the command: table, JSON, CSV, plot; 2 where the truth is wrong, with nothing written', async () => {
  const home = join(margin.directory, 'home');
  await mkdir(home, { recursive: true });
  const [[q, d]] = firstKept(margin) as [readonly [number, number]];
  const truth = join(margin.directory, 'command.tsv');
  const csv = join(margin.directory, 'command.csv');
  await writeFile(truth, `q-${q}\td-${d}\t1\n`);
  const run = runDirectory(margin);
  const shown = await quarry(['evaluate', run, '--truth', truth, '--csv', csv], home);
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout).toMatch(/^ {2}triplet +\d+ +\d+ +1 /m);
  const svg = join(margin.directory, 'command.svg');
  const both = ['evaluate', run, `again=${run}`, '--truth', truth];
  const json = await quarry([...both, '--plot', svg, '--json'], home);
  const drawn = await readFile(svg, 'utf8');
  expect(drawn).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  for (const text of ['false negatives, %', 'again', 'margin']) expect(drawn).toContain(text);
  const { runs } = JSON.parse(json.stdout);
  expect(runs.map(({ series }: { series: string }) => series)).toContain('again');
  for (const key of [
    'run',
    'table',
    'negatives',
    'judged',
    'falseNegatives',
    'rate',
    'low',
    'high',
    'meanHardness',
    'filled',
  ])
    expect(runs[0]).toHaveProperty(key);
  const wrong = join(margin.directory, 'wrong.tsv');
  await writeFile(wrong, 'nobody\tnothing\t1\n');
  const refused = await quarry(['evaluate', run, '--truth', wrong, '--csv', `${csv}.no`], home);
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain('its ids are not the run');
});

test('CSV quotes what needs it; runs of two series are compared at equal hardness', async () => {
  const [[q, d]] = firstKept(margin) as [readonly [number, number]];
  const { evaluations } = await evaluated(margin, 'x.tsv', `q-${q}\td-${d}\t1\n`);
  const evaluation = evaluations[0]!;
  const csv = evaluationCsv([{ series: 'a, "b"', evaluation }]);
  expect(csv.split('\r\n')[1]).toMatch(/^fabricated-0123456789ab,"a, ""b""",margin,triplet,all,/);
  const run = (series: string, meanHardness: number, rate: number) => ({
    series,
    evaluation: { ...evaluation, meanHardness, rate, attainable: null, ratio: null },
  });
  const runs = [run('a', 0.5, 0.1), run('a', 0.6, 0.3), run('b', 0.5, 0), run('b', 0.55, 0.1)];
  expect(compareRuns(runs).map(({ hardness, rates }) => [hardness, rates])).toEqual([
    [0.5, { a: 0.1, b: 0 }],
    [0.55, { a: expect.closeTo(0.2), b: 0.1 }],
    [0.6, { a: 0.3, b: null }],
  ]);
  expect(compareRuns([run('a', 0.5, 0.1)])).toEqual([]);
});
