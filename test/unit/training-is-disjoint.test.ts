import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The texts that the bundled model was trained on, as 5-byte prefixes of hashes; format: infra/model/README.md. */
const infra = fileURLToPath(new URL('../../infra/', import.meta.url));
const ENTRY = 5;
const trained = (() => {
  const bytes = readFileSync(`${infra}model/training-texts.sha256`);
  const entries = new Set<string>();
  for (let at = 0; at < bytes.length; at += ENTRY) entries.add(bytes.toString('hex', at, at + ENTRY));
  return entries;
})();

const normalise = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
const inTraining = (text: string): boolean =>
  trained.has(
    createHash('sha256')
      .update(normalise(text))
      .digest('hex')
      .slice(0, 2 * ENTRY),
  );

test('the list holds what was trained: definitions of WordNet that are not held out are in it', () => {
  expect(trained.size).toBeGreaterThan(100_000);
  const definitions = [
    'a canvas or leather bag for carrying game (especially birds) killed by a hunter',
    'the tendency of a gas to expand or escape',
    'a man who is older and higher in rank than yourself',
  ];
  expect(definitions.filter(inTraining)).toEqual(definitions);
  expect(inTraining('a definition that no dictionary has')).toBe(false);
});

test('no query of the demo was seen in training, whole or in a part', () => {
  const queries = readFileSync(`${infra}demo/data/queries.jsonl`, 'utf8').trim().split('\n');
  expect(queries.length).toBeGreaterThanOrEqual(2000);
  for (const line of queries) {
    const { _id, text } = JSON.parse(line) as { _id: string; text: string };
    const parts = text.split(';').filter((part) => normalise(part).split(' ').length >= 3);
    for (const part of [text, ...parts]) expect(inTraining(part), `${_id}: ${part}`).toBe(false);
  }
});
