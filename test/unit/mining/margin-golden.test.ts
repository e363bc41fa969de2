import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { camelCase } from '../../support/camel-case.ts';
import { shared } from '../../support/shared-data.ts';
import { type MarginProblem, mineByMargin, type ScoredTriplet } from './mine-by-margin.ts';

/** A file of `shared/golden/sentence-transformers`: see the README there. */
interface GoldenFile extends MarginProblem {
  readonly parameters: Readonly<Record<string, number>>;
  readonly expected: ScoredTriplet[];
}

const folder = shared('golden/sentence-transformers');

describe.skipIf(folder === null)('margin keeps what sentence-transformers keeps', () => {
  const files = folder === null ? [] : readdirSync(folder).filter((name) => name.endsWith('.json'));
  it('there are golden files', () => expect(files.length).toBeGreaterThanOrEqual(5));

  it.each(files)('%s', (name) => {
    const golden = JSON.parse(readFileSync(join(folder!, name), 'utf8')) as GoldenFile;
    const rows = mineByMargin(golden, camelCase(golden.parameters));
    expect(rows.map(([query, positive, negative]) => [query, positive, negative])).toEqual(
      golden.expected.map(([query, positive, negative]) => [query, positive, negative]),
    );
    for (const [i, [, , , positiveScore, negativeScore]] of golden.expected.entries()) {
      expect(Math.abs(rows[i]![3] - positiveScore)).toBeLessThan(1e-6);
      expect(Math.abs(rows[i]![4] - negativeScore)).toBeLessThan(1e-6);
    }
  });
});
