import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quarry } from '../../support/quarry.ts';
import { committedRun, runDirectory } from '../exporters/exported-run.ts';
import type { Fabricated } from '../tables/fabricated-run.ts';

/** Bytes of a text, so that a few queries are more than a pipe holds (64 KiB). */
const TEXT = 8_000;

let made: Fabricated;
beforeAll(async () => {
  made = await committedRun({ text: (side, row) => `${side} ${row} `.padEnd(TEXT, 'x') });
  await made.context.pool.close();
});
afterAll(() => rm(made.directory, { recursive: true }));

/** Runs the command with a reader that leaves: before anything came, or after the first piece. */
function readBriefly(args: readonly string[], pieces: 0 | 1): ReturnType<typeof quarry> {
  return quarry(args, join(made.directory, 'home'), ({ stdout }) => {
    if (pieces === 0) stdout!.destroy();
    else stdout!.once('data', () => stdout!.destroy());
  });
}

test('the whole of it is more than a pipe holds', async () => {
  const { code, stdout } = await quarry(
    ['inspect', runDirectory(made), '--sample', '6', '--json'],
    join(made.directory, 'home'),
  );
  expect(code).toBe(0);
  expect(stdout.length).toBeGreaterThan(4 * 65_536);
});

test.each([0, 1] as const)('a reader that leaves after %i pieces ends inspect in silence', async (pieces) => {
  for (const form of [['--json'], []]) {
    const args = ['inspect', runDirectory(made), '--sample', '6', ...form];
    const { code, stderr } = await readBriefly(args, pieces);
    expect([code, stderr]).toEqual([0, '']);
  }
});

test.each([0, 1] as const)('a reader that leaves after %i pieces does not harm an export', async (pieces) => {
  for (const form of [['--json'], []]) {
    const to = join(made.directory, `export-${pieces}${form.join('')}`);
    const args = ['export', runDirectory(made), '--format', 'flagembedding', '--to', to, ...form];
    const { code, stderr } = await readBriefly(args, pieces);
    expect([code, stderr]).toEqual([0, '']);
    expect(existsSync(join(to, 'train.jsonl'))).toBe(true);
  }
  const listed = await readBriefly(['export', '--format', 'list'], pieces);
  expect([listed.code, listed.stderr]).toEqual([0, '']);
});
