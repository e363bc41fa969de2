import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import type { JobInput } from '@quarry/workflows/job';
import { describe, expect, test } from 'vitest';
import { jsonl, type PlannedInput, planInputAt, temporaryDirectory, writeFiles } from './planned-input.ts';

const BEIR = {
  'queries.jsonl': jsonl(
    { _id: 'q1', text: 'one' },
    { _id: 'q2', text: 'two' },
    { _id: 'idle', text: 'three' },
  ),
  'corpus.jsonl': jsonl(
    ...['a', 'b', 'c', 'd'].map((id) => ({ _id: id, title: '', text: `document ${id}` })),
    // The same content as d: one document.
    { _id: 'e', title: '', text: 'document d' },
  ),
  'qrels/train.tsv': 'q1\ta\t1\nq2\tb\t1\n',
};

/** The candidates of a plan, by query: [document, rank, score, source]. */
function given(planned: PlannedInput): Record<string, (readonly [string, number, number | null, number])[]> {
  const [offsets, document, rank, score, source] = ['offsets', 'document', 'rank', 'score', 'source'].map(
    (name) => planned.array(`given-${name}.npy`),
  );
  return Object.fromEntries(
    planned.queries.map(({ id }, query) => [
      id,
      document!
        .map(
          (d, i) =>
            [
              planned.documents[d]!.id,
              rank![i]!,
              Number.isNaN(score![i]!) ? null : score![i]!,
              source![i]!,
            ] as const,
        )
        .slice(offsets![query], offsets![query + 1])
        .sort((a, b) => a[1] - b[1]),
    ]),
  );
}

async function planned(
  files: Record<string, string | Uint8Array>,
  input: Partial<JobInput['input']> & { candidates?: string },
): Promise<PlannedInput> {
  const directory = await temporaryDirectory();
  await writeFiles(directory, files);
  const uri = (path: string): string => pathToFileURL(join(directory, path)).href;
  return planInputAt({
    format: 'beir',
    ...input,
    path: uri(input.path ?? '.').replace(/\/$/, ''),
    ...(input.candidates && { candidates: uri(input.candidates) }),
    ...(input.corpus && { corpus: { ...input.corpus, path: uri(input.corpus.path) } }),
    maxBadRows: input.maxBadRows ?? 0.5,
  });
}

describe('a file of candidates', () => {
  const EXPECTED = {
    q1: [
      ['d', 1, 9.5, 0],
      ['c', 2, 8, 0],
    ],
    q2: [['c', 1, 3, 0]],
  };
  const rows = [
    ['q1', 'c', 8],
    ['q1', 'd', 9.5],
    ['q2', 'c', 3],
    ['idle', 'a', 1],
  ] as const;

  test('TSV, with a header or without, ranked by score', async () => {
    const text = rows.map((row) => `${row.join('\t')}\n`).join('');
    for (const content of [text, `query-id\tcorpus-id\tscore\n${text}`]) {
      const plan = await planned({ ...BEIR, 'run.tsv': content }, { candidates: 'run.tsv' });
      expect(given(plan)).toEqual(EXPECTED);
      expect(plan.plan.given).toMatchObject({ rows: 3, mostOfAQuery: 2, mode: 'replace' });
      expect(plan.plan.inputs.at(-1)).toMatchObject({
        name: 'candidates',
        rows: 4,
        duplicates: 0,
        quarantined: 0,
      });
    }
  });

  test('a TREC run keeps its own ranks, packed as well', async () => {
    const text = 'q1 Q0 c 2 8 bm25\nq1 Q0 d 1 9.5 bm25\nq2 Q0 c 1 3 bm25\n';
    for (const [name, content] of [
      ['run.trec', text],
      ['run.trec.gz', gzipSync(text)],
    ] as const) {
      expect(given(await planned({ ...BEIR, [name]: content }, { candidates: name }))).toEqual(EXPECTED);
    }
  });

  test('JSONL and Parquet', async () => {
    const objects = rows.map(([query_id, document_id, score]) => ({ query_id, document_id, score }));
    const fromJsonl = await planned({ ...BEIR, 'run.jsonl': jsonl(...objects) }, { candidates: 'run.jsonl' });
    expect(given(fromJsonl)).toEqual(EXPECTED);
    const parquet = join(await temporaryDirectory(), 'run.parquet');
    const connection = await (await DuckDBInstance.create()).connect();
    const values = rows.map(([q, d, s]) => `('${q}', '${d}', ${s})`).join(', ');
    await connection.run(
      `COPY (SELECT * FROM (VALUES ${values}) t(query_id, document_id, score)) TO '${parquet}'`,
    );
    connection.closeSync();
    const content = await readFile(parquet);
    expect(given(await planned({ ...BEIR, 'run.parquet': content }, { candidates: 'run.parquet' }))).toEqual(
      EXPECTED,
    );
  });

  test('without scores the place is the rank; a document twice counts once, with its better rank', async () => {
    const content = 'q1\tc\nq1\te\nq1\td\nq1\tc\n';
    const plan = await planned({ ...BEIR, 'run.tsv': content }, { candidates: 'run.tsv' });
    expect(given(plan).q1).toEqual([
      ['c', 1, null, 0],
      ['d', 2, null, 0],
    ]);
    expect(plan.plan.inputs.at(-1)).toMatchObject({ rows: 4, duplicates: 2, quarantined: 0 });
  });

  test('ids that are nowhere and rows that are none are quarantined, by file and line', async () => {
    const content = 'q1\tc\t1\nq1\tzzz\t1\nq9\tc\t1\nq1\td\tmuch\nq1\n';
    const plan = await planned({ ...BEIR, 'run.tsv': content }, { candidates: 'run.tsv', maxBadRows: 0.9 });
    expect(plan.quarantine).toEqual([
      { file: 'run.tsv', row: 2, reason: 'document "zzz" is not in corpus.jsonl' },
      { file: 'run.tsv', row: 3, reason: 'query "q9" is not in queries.jsonl' },
      { file: 'run.tsv', row: 4, reason: 'score "much" is not a number' },
      { file: 'run.tsv', row: 5, reason: expect.stringContaining('1 fields between tabs') },
    ]);
    expect(plan.plan.quarantined).toBe(4);
    await expect(
      planned({ ...BEIR, 'run.tsv': content }, { candidates: 'run.tsv', maxBadRows: 0.01 }),
    ).rejects.toThrow(/4 of 5 rows of .*run.tsv \(80 %\) are bad.*\n.*\n {2}run.tsv:2: document "zzz"/);
  });

  test.each([
    ['run.tsv', 'idle\ta\t1\n', /brings no candidate of any query that has a positive/],
    ['run.tsv', '', /run\.tsv holds no row/],
    ['run.doc', 'q1\ta\t1\n', /cannot tell the format from the name/],
  ])('%s that cannot be used: %j', async (name, content, message) => {
    await expect(planned({ ...BEIR, [name]: content }, { candidates: name })).rejects.toThrow(message);
  });

  test('a file that is not there', async () => {
    await expect(planned(BEIR, { candidates: 'nowhere.trec' })).rejects.toThrow(
      /nowhere\.trec \(or nowhere\.trec\.gz\) is not there; expected a TREC run/,
    );
  });

  test('the bytes of a plan without candidates do not know of them', async () => {
    const plan = await planned(BEIR, {});
    expect(plan.plan.given).toBeUndefined();
    expect([...plan.hashes.keys()].filter((name) => name.startsWith('given'))).toEqual([]);
  });
});

describe('negatives that the input has already', () => {
  const pairs = (negatives: unknown[]): string =>
    jsonl(...negatives.map((negative, i) => ({ query: `q ${i}`, positive: `p ${i}`, negative })));

  test('contents, one or a list or none: those that are no document yet become one', async () => {
    const plan = await planned(
      { 'pairs.jsonl': pairs(['other', ['p 0', 'more'], null, []]) },
      { format: 'pairs', path: 'pairs.jsonl', columns: { negative: 'negative' } },
    );
    expect(given(plan)).toEqual({
      0: [['negative:0#0', 1, null, 1]],
      1: [
        ['0', 1, null, 1],
        ['negative:1#1', 2, null, 1],
      ],
      2: [],
      3: [],
    });
    expect(plan.documents.find(({ id }) => id === 'negative:1#1')!.text).toBe('more');
    expect(plan.plan.given).toMatchObject({ mode: 'join' });
    expect(plan.plan.inputs.find(({ name }) => name === 'negatives')).toMatchObject({ rows: 3 });
  });

  test('ids of the corpus; an unknown one is quarantined with its row', async () => {
    const files = {
      'pairs.jsonl': jsonl({ query: 'q', positive: 'a', negative: ['b', 'zzz'] }),
      'corpus.jsonl': jsonl({ id: 'a', text: 'text a' }, { id: 'b', text: 'text b' }),
    };
    const columns = { positiveId: 'positive', negativeId: 'negative' };
    const plan = await planned(files, {
      format: 'pairs',
      path: 'pairs.jsonl',
      columns,
      corpus: { path: 'corpus.jsonl' },
    });
    expect(given(plan)).toEqual({ 0: [['b', 1, null, 1]] });
    expect(plan.quarantine).toEqual([
      { file: 'pairs.jsonl', row: 1, reason: 'document "zzz" is not in corpus.jsonl' },
    ]);
  });

  test('a negative that is no text makes a bad row', async () => {
    const plan = await planned(
      { 'pairs.jsonl': pairs(['fine', [7]]) },
      { format: 'pairs', path: 'pairs.jsonl', columns: { negative: 'negative' } },
    );
    expect(plan.quarantine).toEqual([
      { file: 'pairs.jsonl', row: 2, reason: 'field "negative" is a number; expected a string' },
    ]);
  });
});
