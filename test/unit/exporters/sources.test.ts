import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXPORTERS } from '@quarry/activities/exporters/exporters';
import { PublishedExamples } from '@quarry/activities/exporters/source/published-examples';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { beforeAll, expect, test } from 'vitest';
import { exported } from './exported-run.ts';
import { type VariedRun, variedRun } from './varied-run.ts';

let run: VariedRun;
beforeAll(async () => {
  run = await variedRun();
});

const contents = async (directory: string): Promise<Record<string, string>> => {
  const names = (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const found: Record<string, string> = {};
  for (const name of names.sort()) found[name.slice(directory.length)] = await readFile(name, 'latin1');
  return found;
};

/** Formats and shapes that need neither ids nor scores, with what their count is set to where nothing else says it. */
const OF_TEXTS = EXPORTERS.flatMap((exporter) => {
  const shapes = exporter.shapes.length > 0 ? exporter.shapes : [''];
  return shapes
    .map((shape) => ({
      exporter,
      options: {
        shape,
        ...(exporter.options.includes('negatives') && { negatives: 2 }),
        ...(exporter.options.includes('chunk') && { chunk: 2 }),
      },
    }))
    .filter(({ options }) => {
      const { examples, scores, corpus } = exporter.needs(options);
      return !examples?.includes('ids') && !scores && !corpus;
    })
    .map(({ options }) => ({ name: exporter.name, options }));
});

test.each(OF_TEXTS)(
  '$name $options.shape: the same bytes with the cache and without',
  async ({ name, options }) => {
    const at = '/somewhere/else';
    const more = name === 'contrastors' ? { at } : {};
    const cached = await exported(run.made, name, { ...options, ...more });
    const published = await exported(run.made, name, { ...options, ...more, cache: false });
    const found = await contents(cached.to);
    expect(Object.keys(found).length).toBeGreaterThan(1);
    expect(await contents(published.to)).toEqual(found);
    expect(published.from).toBe('tables');
    expect(published.leftOut).toEqual(cached.leftOut);
  },
);

test('of the formats of texts none is missed', () => {
  expect(OF_TEXTS.length).toBeGreaterThanOrEqual(12);
});

test('a query with several positives comes once, and a positive is never its negative', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-texts-'));
  const { connection, close } = await openDuckDb({ directory, threads: 1 });
  await connection.run(`
    CREATE TABLE triplet (anchor VARCHAR, positive VARCHAR, negative VARCHAR);
    INSERT INTO triplet VALUES ('a', 'p', 'x'), ('a', 'p', 'y'), ('a', 'q', 'x'), ('a', 'q', 'y'), ('a', 'y', 'x'), ('b', 'p', 'x'), ('c', 'p', 'p')`);
  const source = new PublishedExamples({
    connection,
    files: new Map(),
    signal: new AbortController().signal,
  });
  const found: unknown[] = [];
  const texts = (documents: readonly { readonly text: unknown }[]): unknown[] =>
    documents.map(({ text }) => text);
  await source.examples(({ query, positives, negatives }) =>
    found.push([query.text, texts(positives), texts(negatives)]),
  );
  close();
  expect(found).toEqual([
    ['a', ['p', 'q', 'y'], ['x']],
    ['b', ['p'], ['x']],
  ]);
});
