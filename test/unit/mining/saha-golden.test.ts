import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../../support/shared-data.ts';
import { type ClusterOfRows, clustersOf, type SahaProblem } from './saha-problem.ts';

/** A file of `shared/golden/saha`: see the README there. */
interface GoldenFile {
  readonly top_k: number;
  readonly pool_mult: number;
  readonly classification: boolean;
  readonly queries: number[][];
  readonly documents: number[][];
  readonly rows: [number, number][];
  readonly expected: ClusterOfRows[];
  readonly expected_strict?: ClusterOfRows[];
}

const folder = shared('golden/saha');

describe.skipIf(folder === null)('SaHa gives the clusters of the public implementation', () => {
  const files = folder === null ? [] : readdirSync(folder).filter((name) => name.endsWith('.json'));
  it('there are golden files', () => expect(files.length).toBeGreaterThanOrEqual(6));

  it.each(files)('%s', (name) => {
    const golden = JSON.parse(readFileSync(join(folder!, name), 'utf8')) as GoldenFile;
    const { queries, documents, rows, classification, top_k: topK, pool_mult: poolMultiplier } = golden;
    const problem = { queries, documents, rows, classification, topK, poolMultiplier };
    const clusters = (form: SahaProblem['form'], cut = {}): ClusterOfRows[] =>
      clustersOf({ ...problem, form, ...cut });
    expect(clusters('reference')).toEqual(golden.expected);
    const strict = golden.expected_strict ?? golden.expected;
    expect(clusters('strict')).toEqual(strict);
    expect(clusters('strict', { blockRows: 37, ownersListed: 1 })).toEqual(strict);
  });
});
