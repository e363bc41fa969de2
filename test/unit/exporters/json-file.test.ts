import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spoolStrings } from '@quarry/activities/exporters/source/spool-strings';
import { SpooledText } from '@quarry/activities/exporters/source/text';
import { JsonFile } from '@quarry/activities/exporters/target/json-file';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { expect, test } from 'vitest';

const ROWS = 2_000;
/** Some strings are longer than every buffer. */
const text = (row: number): string =>
  row % 500 === 3
    ? `${'ø'.repeat(700_000)}${row}`
    : `"${row}"\n\u0001\u2028\ud83d\ude00\\ ${'x'.repeat(row % 300)}`;

/** Rows in order, backwards, and at random. */
const ORDERS: Readonly<Record<string, readonly number[]>> = {
  'in order': Array.from({ length: ROWS }, (_, i) => i),
  backwards: Array.from({ length: ROWS }, (_, i) => ROWS - 1 - i),
  'at random': Array.from({ length: ROWS }, (_, i) => (i * 1_103) % ROWS),
};

test.each([0, 2 ** 30])(
  'strings of a spool come out as they went in, with %d bytes of memory',
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
    const spool = await spoolStrings(connection, 'SELECT t FROM texts', {
      path: join(directory, 'spool'),
      rows: ROWS,
      encoding: 'json',
      memory,
    });
    close();
    for (const [name, order] of Object.entries(ORDERS)) {
      const path = join(directory, name);
      const file = new JsonFile(path);
      let bytes = 0;
      for (const row of order)
        bytes += file.json({ row, 'a "key"': [new SpooledText(spool, row), null, true, Number.NaN] });
      file.close();
      const lines = (await readFile(path, 'utf8')).split('\n');
      expect(Buffer.byteLength(lines.join('\n'))).toBe(bytes);
      expect(lines.pop()).toBe('');
      const expected = (row: number): string =>
        JSON.stringify({ row, 'a "key"': [text(row), null, true, null] });
      expect(lines.every((line, i) => line === expected(order[i]!))).toBe(true);
    }
    spool.close();
  },
);
