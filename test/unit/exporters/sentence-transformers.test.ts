import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exported, parquet, runDirectory } from './exported-run.ts';
import { document, NO_NEGATIVE, query, type VariedRun, variedRun } from './varied-run.ts';

const FILE = 'train-00000-of-00001.parquet';
const FORMAT = 'sentence-transformers';

let run: VariedRun;
beforeAll(async () => {
  run = await variedRun();
});

test("triplet and n-tuple are the run's own files, byte by byte", async () => {
  for (const shape of ['triplet', 'n-tuple']) {
    const { to, files, leftOut } = await exported(run.made, FORMAT, { shape });
    const own = await readFile(join(runDirectory(run.made), 'data', shape, FILE));
    expect((await readFile(join(to, FILE))).equals(own)).toBe(true);
    const { rows } = await parquet(join(to, FILE));
    expect(files[0]).toEqual({ path: FILE, rows: rows.length, bytes: own.length });
    const short = run.made.kept.filter((negatives) => negatives.length < 3).length;
    expect(leftOut).toEqual([
      shape === 'triplet' ? NO_NEGATIVE : { rows: short, reason: 'queries that keep fewer than 3 negatives' },
    ]);
    expect(rows.length).toBe(shape === 'triplet' ? run.made.kept.flat().length : 40 - short);
  }
});

test('labeled rows have one label column and no other that is not an input', async () => {
  const pair = await exported(run.made, FORMAT, { shape: 'labeled-pair' });
  const pairs = await parquet(join(pair.to, FILE));
  expect(pairs.columns).toEqual({ anchor: 'VARCHAR', positive: 'VARCHAR', label: 'BIGINT' });
  expect(pairs.rows).toEqual(
    run.mined.flatMap((q) => [
      { anchor: query(q), positive: document(2 * q), label: '1' },
      ...run.negatives(q).map((d) => ({ anchor: query(q), positive: document(d), label: '0' })),
    ]),
  );
  const list = await exported(run.made, FORMAT, { shape: 'labeled-list' });
  const lists = await parquet(join(list.to, FILE));
  expect(lists.columns).toEqual({ anchor: 'VARCHAR', positive: 'VARCHAR[]', labels: 'BIGINT[]' });
  expect(lists.rows).toEqual(
    run.mined.map((q) => ({
      anchor: query(q),
      positive: [2 * q, ...run.negatives(q)].map(document),
      labels: ['1', ...run.negatives(q).map(() => '0')],
    })),
  );
  expect([pair.leftOut, list.leftOut]).toEqual([[NO_NEGATIVE], [NO_NEGATIVE]]);
});

test('scores are those of the search: the positive first', async () => {
  const triplet = await exported(run.made, FORMAT, { shape: 'triplet', scores: 'scores' });
  const triplets = await parquet(join(triplet.to, FILE));
  expect(triplets.columns).toEqual({
    anchor: 'VARCHAR',
    positive: 'VARCHAR',
    negative: 'VARCHAR',
    scores: 'FLOAT[]',
  });
  expect(triplets.rows).toEqual(
    run.mined.flatMap((q) =>
      run.negatives(q).map((d) => ({
        anchor: query(q),
        positive: document(2 * q),
        negative: document(d),
        scores: [run.score(q, 2 * q), run.score(q, d)],
      })),
    ),
  );
  const list = await exported(run.made, FORMAT, { shape: 'labeled-list', scores: 'scores' });
  const lists = await parquet(join(list.to, FILE));
  expect(lists.columns.scores).toBe('FLOAT[]');
  expect(lists.rows.map(({ scores }) => scores)).toEqual(
    run.mined.map((q) => [2 * q, ...run.negatives(q)].map((d) => run.score(q, d))),
  );
  const pair = await exported(run.made, FORMAT, { shape: 'labeled-pair', scores: 'scores' });
  expect((await parquet(join(pair.to, FILE))).columns).toEqual({
    anchor: 'VARCHAR',
    positive: 'VARCHAR',
    score: 'FLOAT',
  });
});

test('margins of an n-tuple are as many as its negatives; one margin is a number', async () => {
  const { to, leftOut } = await exported(run.made, FORMAT, {
    shape: 'n-tuple',
    scores: 'margin',
    negatives: 2,
  });
  const { columns, rows } = await parquet(join(to, FILE));
  expect(columns).toEqual({
    anchor: 'VARCHAR',
    positive: 'VARCHAR',
    negative_1: 'VARCHAR',
    negative_2: 'VARCHAR',
    label: 'FLOAT[]',
  });
  expect(rows).toEqual(
    run.mined.map((q) => {
      const [first, second] = run.negatives(q) as [number, number];
      const margin = (d: number): number => Math.fround(run.score(q, 2 * q) - run.score(q, d));
      return {
        anchor: query(q),
        positive: document(2 * q),
        negative_1: document(first),
        negative_2: document(second),
        label: [margin(first), margin(second)],
      };
    }),
  );
  expect(leftOut).toEqual([NO_NEGATIVE]);
  const one = await exported(run.made, FORMAT, { shape: 'triplet', scores: 'margin', negatives: 1 });
  const single = await parquet(join(one.to, FILE));
  expect(single.columns.label).toBe('FLOAT');
  expect(single.rows.length).toBe(26);
});
