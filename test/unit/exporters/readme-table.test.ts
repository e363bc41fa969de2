import { readFile } from 'node:fs/promises';
import { EXPORTERS } from '@quarry/activities/exporters/exporters';
import { expect, test } from 'vitest';

test('the README says of every exporter what proved it, in the words of --format list', async () => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const trainers = readme.slice(readme.indexOf('## Other trainers'));
  for (const { name, proof } of EXPORTERS) {
    const row = trainers.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row, name).toContain(` | ${proof}`);
  }
});

test('a version that a proof names is the one that the interop tests install', async () => {
  const lists = ['trainers', 'sentence-transformers', 'ms-swift', 'automodel', 'datasets'];
  const pins = await Promise.all(
    lists.map((list) => readFile(new URL(`../../interop/requirements/${list}.txt`, import.meta.url), 'utf8')),
  );
  const pinned = pins.join('\n').toLowerCase().replaceAll('_', '-');
  const named = EXPORTERS.flatMap(({ proof }) => [...proof.matchAll(/([\w-]+)`? (\d+\.\d+\.\d+)/g)]);
  expect(named.length).toBeGreaterThanOrEqual(8);
  for (const [, name, version] of named)
    expect(`\n${pinned}`).toContain(`\n${name!.toLowerCase()}==${version}\n`);
});
