import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CrossEncoder } from '@quarry/activities/judges/cross-encoder';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { candidatesPerQuery } from '@quarry/workflows/candidates-per-query';
import { jobSchema } from '@quarry/workflows/job';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { camelCase } from '../support/camel-case.ts';
import { mine, quarry } from '../support/quarry.ts';
import { jsonl, writeJob } from '../support/write-job.ts';
import { parquet } from '../unit/exporters/exported-run.ts';
import { mineByMargin, type ScoredTriplet } from '../unit/mining/mine-by-margin.ts';
import { type MarginCase, marginCases } from './margin-cases.ts';
import { interpreter, runPython } from './python-environment.ts';

/**
 * `strategy: margin` against the installed sentence-transformers 6.0.1 on fresh random cases of every parameter that decides
 * about negatives; `QUARRY_TEST_SEED` repeats a seed. Not compared: `include_positives` (for evaluation, not negatives), and what changes
 * how vectors are made or found and not what is mined (prompts, batch sizes, `use_faiss`, `use_multi_process`).
 */
const seed = Number(process.env.QUARRY_TEST_SEED ?? randomInt(2 ** 31));
const CASES = 300;

type Columns = Readonly<Record<string, readonly unknown[]>>;
const SCORED = { output_format: 'triplet', output_scores: true };
const NOTHING: Columns = { anchor: [], positive: [], negative: [], scores: [] };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-parity-'));
  console.error(`seed ${seed}`);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What sentence-transformers makes of each case. */
async function theirs(
  python: string,
  cases: readonly (MarginCase & { readonly arguments: object; readonly crossEncoder?: object })[],
): Promise<readonly Columns[]> {
  const file = join(directory, 'cases.json');
  await writeFile(file, JSON.stringify(cases));
  const quiet = { TQDM_DISABLE: '1' };
  expect(await runPython(python, 'mine_hard_negatives.py', [file, directory], quiet)).toBe(cases.length);
  const results = cases.map((_, i) => readFile(join(directory, `${i}.json`), 'utf8'));
  return (await Promise.all(results)).map((text) => (JSON.parse(text) as Columns | null) ?? NOTHING);
}

const number = (text: unknown): number => Number((text as string).split(' ')[1]);

function scoredTriplets({ anchor, positive, negative, scores }: Columns): ScoredTriplet[] {
  return anchor!.map((query, i) => [
    ...([query, positive![i], negative![i]].map(number) as [number, number, number]),
    ...(scores![i] as [number, number]),
  ]);
}

const ids = (rows: readonly ScoredTriplet[]): number[][] => rows.map((row) => row.slice(0, 3));

test(`${CASES} random cases: the same triplets in the same order, the same scores`, async ({ skip }) => {
  const python = await interpreter('sentence-transformers', skip);
  const cases = marginCases(CASES, seed);
  const expected = await theirs(
    python,
    cases.map((one) => ({ ...one, arguments: SCORED })),
  );
  let rows = 0;
  for (const [i, one] of cases.entries()) {
    const found = mineByMargin(one, camelCase({ ...one.parameters }));
    const right = scoredTriplets(expected[i]!);
    const name = `seed ${seed}, case ${i}, ${JSON.stringify(one.parameters)}`;
    expect(ids(found), name).toEqual(ids(right));
    for (const [r, [, , , positive, negative]] of right.entries()) {
      expect(Math.abs(found[r]![3] - positive), name).toBeLessThan(1e-6);
      expect(Math.abs(found[r]![4] - negative), name).toBeLessThan(1e-6);
    }
    rows += right.length;
  }
  expect(rows).toBeGreaterThan(5 * CASES);
});

test('random sampling draws as many, out of what sentence-transformers finds eligible', async ({ skip }) => {
  const python = await interpreter('sentence-transformers', skip);
  const cases = marginCases(60, seed + 1);
  const windows = cases.map(({ parameters, positives, documents }) => {
    const { mining } = jobSchema.parse({
      name: 'window',
      input: { format: 'pairs', path: 'x' },
      mining: { strategy: 'margin', ...camelCase({ ...parameters }) },
    });
    const counts = positives.map(([query]) => positives.filter(([other]) => other === query).length);
    return candidatesPerQuery(mining, { maxPositives: Math.max(...counts), documents: documents.length });
  });
  const eligible = await theirs(
    python,
    cases.map((one, i) => {
      const range_max = windows[i]!.rangeMax;
      const num_negatives = range_max - one.parameters.range_min;
      const parameters = { ...one.parameters, range_max, num_negatives };
      return { ...one, parameters, arguments: SCORED };
    }),
  );
  for (const [i, one] of cases.entries()) {
    const found = mineByMargin(one, { ...camelCase({ ...one.parameters }), sampling: 'random' });
    const pool = scoredTriplets(eligible[i]!);
    for (const [query, positive] of one.positives) {
      const of = (rows: readonly ScoredTriplet[]): number[] =>
        rows.flatMap(([q, p, negative]) => (q === query && p === positive ? [negative] : []));
      const [drawn, possible] = [of(found), of(pool)];
      expect(drawn.length).toBe(Math.min(one.parameters.num_negatives, possible.length));
      expect(possible).toEqual(expect.arrayContaining(drawn));
      expect(new Set(drawn).size).toBe(drawn.length);
    }
  }
});

const SHAPES = ['triplet', 'n-tuple', 'labeled-pair', 'labeled-list'] as const;

test('every output format, with and without scores, out of the whole pipeline', async ({ skip }) => {
  const python = await interpreter('sentence-transformers', skip);
  const cases = marginCases(40, seed + 2)
    .filter(({ positives }) => positives.length > 20)
    // A run that keeps nothing has nothing to export.
    .filter((one) => mineByMargin(one, camelCase({ ...one.parameters })).length > 0)
    .slice(0, 2);
  const formats = SHAPES.flatMap((output_format) =>
    [false, true].map((output_scores) => ({ output_format, output_scores })),
  );
  const expected = await theirs(
    python,
    cases.flatMap((one) => formats.map((format) => ({ ...one, arguments: format }))),
  );
  for (const [i, one] of cases.entries()) {
    const folder = join(directory, `job ${i}`);
    const home = join(directory, 'home');
    const run = await mine(await jobOf(one, folder), home);
    for (const [f, { output_format, output_scores }] of formats.entries()) {
      const to = join(folder, `export ${f}`);
      const args = ['export', run.output, '--format', 'sentence-transformers', '--shape', output_format];
      const ended = await quarry([...args, '--to', to, ...(output_scores ? ['--scores'] : [])], home);
      expect(ended.code, ended.stderr).toBe(0);
      const name = `seed ${seed}, case ${i}, ${output_format}, ${output_scores}`;
      const { rows } = await parquet(join(to, '*.parquet'));
      const [triplets, right] = [expected[i * formats.length]!, expected[i * formats.length + f]!];
      expect(withNumbers(rows), name).toEqual(rowsOf(right, triplets));
    }
  }
});

/** Models that a cross-encoder's scores come from, and what is made of its log-odds. */
const CROSS_ENCODER = fileURLToPath(new URL('../unit/judges/fixtures/cross-encoder-1', import.meta.url));
const RESCORED = [
  { activation: 'sigmoid', parameters: { num_negatives: 3, range_min: 0, relative_margin: 0.001 } },
  { activation: 'identity', parameters: { num_negatives: 4, range_min: 2, absolute_margin: 0.01 } },
  { activation: 'sigmoid', parameters: { num_negatives: 2, range_min: 0, range_max: 9, max_score: 0.51 } },
] as const;

test('cross_encoder: its scores in the place of similarities, out of the whole pipeline', async ({
  skip,
}) => {
  const python = await interpreter('sentence-transformers', skip);
  const drawn = marginCases(60, seed + 3).filter(({ positives }) => positives.length > 20);
  const cases = await Promise.all(
    RESCORED.map(async ({ activation, parameters }, i) => {
      const one = { ...drawn[i]!, parameters };
      return { ...one, crossEncoder: await crossEncoded(one, activation), arguments: SCORED };
    }),
  );
  const expected = await theirs(python, cases);
  let rows = 0;
  for (const [i, one] of cases.entries()) {
    const folder = join(directory, `rescored ${i}`);
    const home = join(directory, 'home');
    const { activation } = RESCORED[i]!;
    const run = await mine(await jobOf(one, folder, { rescore: { path: CROSS_ENCODER, activation } }), home);
    const to = join(folder, 'export');
    const args = [
      'export',
      run.output,
      '--format',
      'sentence-transformers',
      '--shape',
      'triplet',
      '--scores',
    ];
    const ended = await quarry([...args, '--to', to], home);
    expect(ended.code, ended.stderr).toBe(0);
    const found = await parquet(join(to, '*.parquet'));
    expect(withNumbers(found.rows), `seed ${seed}, case ${i}`).toEqual(rowsOf(expected[i]!, expected[i]!));
    rows += found.rows.length;
    expect(run.stages.rescore).toMatchObject({ computed: run.stages.merge!.units });
  }
  expect(rows).toBeGreaterThan(60);
});

async function crossEncoded(
  { queries, documents }: MarginCase,
  activation: 'sigmoid' | 'identity',
): Promise<number[][]> {
  const settings = { directory: CROSS_ENCODER, graph: 'onnx/model.onnx', maxLength: 512 };
  const model = await CrossEncoder.load({ kind: 'cross_encoder', ...settings, activation }, 1);
  const scores = await Promise.all(
    queries.map(async (_, q) => {
      const pairs = documents.map((_, d) => ({ query: queryText(q), document: documentText(d) }));
      return [...(await model.score(pairs, () => {}))];
    }),
  );
  await model.release();
  return scores;
}

/** Letters that a tiny tokenizer knows, so that every text is another one to it. */
const letters = (n: number): string =>
  [...n.toString(26)].map((digit) => LETTERS[parseInt(digit, 26)]).join(' ');
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const queryText = (q: number): string => `query ${q} ${letters(q)}`;
const documentText = (d: number): string => `document ${d} ${letters(d)}`;

function jobOf(
  { queries, documents, positives, parameters }: MarginCase,
  folder: string,
  mining: object = {},
): Promise<string> {
  const vectors = (rows: MarginCase['queries']): Uint8Array =>
    encodeNpy(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
  const lines = positives.map(([q, d]) => `${q}\t${d}\t1\n`).join('');
  // Our rows come in the order of the queries, theirs in the order of each query's first positive.
  const order = [...new Set(positives.map(([query]) => query))];
  return writeJob(
    folder,
    {
      name: 'parity',
      input: { format: 'beir', path: 'data' },
      model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
      mining: { strategy: 'margin', ...camelCase({ ...parameters }), ...mining },
      execution: { shardRows: 11, partRows: 30 },
    },
    {
      'queries.npy': vectors(order.map((q) => queries[q]!)),
      'documents.npy': vectors(documents),
      'data/queries.jsonl': jsonl(order.map((q) => ({ _id: `${q}`, text: queryText(q) }))),
      'data/corpus.jsonl': jsonl(
        documents.map((_, i) => ({ _id: `${i}`, title: '', text: documentText(i) })),
      ),
      'data/qrels/train.tsv': `query-id\tcorpus-id\tscore\n${lines}`,
    },
  );
}

/**
 * The rows of theirs that ours are compared with. Ours leave out what keeps no negative, and say how much that is; theirs have
 * the positives of such a query in labeled pairs.
 */
function rowsOf(columns: Columns, { anchor }: Columns): Record<string, unknown>[] {
  const rows = columns.anchor!.map((_, i) =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, approximately(values[i])])),
  );
  return rows.filter((row) => anchor!.includes(row.anchor));
}

function approximately(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(approximately);
  return typeof value === 'number' ? expect.closeTo(value, 6) : value;
}

/** DuckDB gives labels as strings of digits. */
function withNumbers(rows: readonly Record<string, unknown>[]): unknown[] {
  const asNumber = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(asNumber) : /^[01]$/.test(`${value}`) ? Number(value) : value;
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asNumber(value)])),
  );
}
