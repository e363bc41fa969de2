import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spoolStrings } from '@quarry/activities/exporters/source/spool-strings';
import { PrefixedText, SpooledText } from '@quarry/activities/exporters/source/text';
import { PlainParquet } from '@quarry/activities/exporters/target/plain-parquet';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { expect, test } from 'vitest';
import { parquet } from './exported-run.ts';

const ROWS = 3_000;
/** Empty strings, other scripts, and some that are longer than every buffer. */
const text = (row: number): string =>
  row % 700 === 3
    ? `${'ø'.repeat(700_000)}${row}`
    : row % 5 === 0
      ? ''
      : `"${row}"\n\u0001\u2028\ud83d\ude00\\ ${'x'.repeat(row % 300)}`;

/** Rows in order, backwards, and at random. */
const ORDERS: Readonly<Record<string, readonly number[]>> = {
  'in order': Array.from({ length: ROWS }, (_, i) => i),
  backwards: Array.from({ length: ROWS }, (_, i) => ROWS - 1 - i),
  'at random': Array.from({ length: ROWS }, (_, i) => (i * 1_103) % ROWS),
};

test.each([0, 2 ** 30])(
  'strings of a spool come through Parquet as they went in, with %d bytes of memory',
  async (memory) => {
    const directory = await mkdtemp(join(tmpdir(), 'quarry-spool-'));
    const { connection, close } = await openDuckDb({ directory, threads: 1 });
    await connection.run('CREATE TABLE texts (t VARCHAR)');
    const appender = await connection.createAppender('texts');
    for (let row = 0; row < ROWS; row++) {
      appender.appendVarchar(text(row));
      appender.endRow();
    }
    appender.closeSync();
    const path = join(directory, 'spool');
    const options = { path, rows: ROWS, encoding: 'plain', memory } as const;
    const spool = await spoolStrings(connection, 'SELECT t FROM texts', options);
    close();
    expect(spool.rows).toBe(ROWS);
    expect(spool.isEmpty(0)).toBe(true);
    expect(spool.get(4)).toBe(text(4));
    for (const [name, order] of Object.entries(ORDERS)) {
      const file = new PlainParquet(join(directory, name), { t: 'VARCHAR' });
      for (const row of order) file.write([new SpooledText(spool, row)]);
      expect(file.rows).toBe(ROWS);
      file.close();
      const { rows } = await parquet(join(directory, name));
      expect(rows.map(({ t }) => t).every((found, i) => found === text(order[i]!))).toBe(true);
      expect(rows.length).toBe(ROWS);
    }
    spool.close();
  },
);

test('every type, lists of any length, and rows beyond one row group come back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-plain-'));
  const { connection, close } = await openDuckDb({ directory, threads: 1 });
  const spooled = await spoolStrings(connection, `SELECT 'ten' AS t`, {
    path: join(directory, 'spool'),
    rows: 1,
    encoding: 'plain',
  });
  close();
  const path = join(directory, 'rows');
  const columns = {
    s: 'VARCHAR',
    ss: 'VARCHAR[]',
    i: 'BIGINT',
    is: 'BIGINT[]',
    f: 'FLOAT',
    ds: 'DOUBLE[]',
  } as const;
  const row = (n: number): Record<keyof typeof columns, never> =>
    ({
      s: new PrefixedText(`é${n} `, new SpooledText(spooled, 0)),
      ss: Array.from({ length: n % 4 }, (_, i) => `${n}.${i}`),
      i: (n % 2 ? -1 : 1) * n * 2 ** 33,
      is: n % 3 === 0 ? [] : [1, 0, -1],
      f: n / 4,
      ds: [n / 3],
    }) as never;
  const rows = 130_000;
  const file = new PlainParquet(path, columns);
  for (let n = 0; n < rows; n++) file.write(Object.values(row(n)));
  file.close();
  const found = await parquet(path);
  expect(found.columns).toEqual(columns);
  const wrong = found.rows.findIndex((is, n) => {
    const { ss, i, f } = row(n) as unknown as { ss: string[]; i: number; f: number };
    const same = JSON.stringify({ ...is, i: Number(is.i), is: (is.is as string[]).map(Number) });
    return (
      same !== JSON.stringify({ s: `é${n} ten`, ss, i, is: n % 3 === 0 ? [] : [1, 0, -1], f, ds: [n / 3] })
    );
  });
  expect(wrong).toBe(-1);
  expect(found.rows.length).toBe(rows);
});
