import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { markIneligible } from '@quarry/activities/mining/eligibility';
import { candidatesPerQuery } from '@quarry/workflows/candidates-per-query';
import { jobSchema } from '@quarry/workflows/job';
import { describe, expect, it } from 'vitest';
import { shared } from '../../support/shared-data.ts';
import { keepByMargin } from './keep-by-margin.ts';
import { matrixOf, rankExactly } from './rank-exactly.ts';
import { pairsOf } from './saha-problem.ts';

/** A file of `shared/golden/sentence-transformers`: see the README there. */
interface GoldenFile {
  readonly parameters: Readonly<Record<string, number>>;
  readonly queries: number[][];
  readonly documents: number[][];
  readonly positives: [number, number][];
  readonly expected: [number, number, number, number, number][];
}

const folder = shared('golden/sentence-transformers');

describe.skipIf(folder === null)('margin keeps what sentence-transformers keeps', () => {
  const files = folder === null ? [] : readdirSync(folder).filter((name) => name.endsWith('.json'));
  it('there are golden files', () => expect(files.length).toBeGreaterThanOrEqual(5));

  it.each(files)('%s', (name) => {
    const golden = JSON.parse(readFileSync(join(folder!, name), 'utf8')) as GoldenFile;
    const rows = rowsOf(golden);
    expect(rows.map(([query, positive, negative]) => [query, positive, negative])).toEqual(
      golden.expected.map(([query, positive, negative]) => [query, positive, negative]),
    );
    for (const [i, [, , , positiveScore, negativeScore]] of golden.expected.entries()) {
      expect(Math.abs(rows[i]![3] - positiveScore)).toBeLessThan(1e-6);
      expect(Math.abs(rows[i]![4] - negativeScore)).toBeLessThan(1e-6);
    }
  });
});

/** Triplets with scores, by the job that has the same parameters. */
function rowsOf(golden: GoldenFile): [number, number, number, number, number][] {
  const camelCase = Object.entries(golden.parameters).map(
    ([key, value]) => [key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()), value] as const,
  );
  const { mining, seed } = jobSchema.parse({
    name: 'golden',
    input: { format: 'pairs', path: 'x' },
    mining: { strategy: 'margin', ...Object.fromEntries(camelCase) },
  });
  const queries = normalised(golden.queries);
  const documents = normalised(golden.documents);
  const dimension = golden.queries[0]!.length;
  // Queries in the order of their first row, as sentence-transformers has them.
  const names = [...new Set(golden.positives.map(([query]) => query))];
  const positives = golden.positives.map(([query, document]): [number, number] => [
    names.indexOf(query),
    document,
  ]);
  const pairs = pairsOf(positives, names.length);
  const { queryPairs, pairDocument } = pairs;
  const maxPositives = names.reduce((most, _, i) => Math.max(most, queryPairs[i + 1]! - queryPairs[i]!), 0);
  const size = { maxPositives, documents: golden.documents.length };
  const { k, rangeMax } = candidatesPerQuery(mining, size);
  const rule = { ...mining, rangeMax, depth: rangeMax + maxPositives, seed };
  return names.flatMap((name, query) => {
    const all = rankExactly(queries, name, documents, dimension, golden.documents.length);
    const scoreOf = new Map([...all.ids].map((id, place) => [id, all.scores[place]!]));
    const own = pairDocument.subarray(queryPairs[query], queryPairs[query + 1]);
    const positiveScores = Float32Array.from(own, (document) => scoreOf.get(document)!);
    const ids = all.ids.subarray(0, k);
    const reasons = new Uint8Array(k);
    markIneligible(pairs, query, ids, Int32Array.of(-1, -1), reasons);
    const scores = all.scores.subarray(0, k);
    const kept = keepByMargin(rule, { query, scores, reasons, positiveScores });
    return [...own].flatMap((positive, i) =>
      kept.map((place): [number, number, number, number, number] => [
        name,
        positive,
        ids[place]!,
        positiveScores[i]!,
        scores[place]!,
      ]),
    );
  });
}

function normalised(rows: readonly (readonly number[])[]): Float32Array {
  return matrixOf(rows.map((row) => row.map((x) => x / Math.hypot(...row))));
}
