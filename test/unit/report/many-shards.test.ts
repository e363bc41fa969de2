import { reportPage } from '@quarry/activities/report/page/report-page';
import type { Report } from '@quarry/activities/report/report-schema';
import { arrange } from '@quarry/activities/stages/arrange';
import { report } from '@quarry/activities/stages/report';
import { write } from '@quarry/activities/stages/write';
import { openStore } from '@quarry/activities/storage/open-store';
import type { Store } from '@quarry/activities/storage/store';
import { expect, test } from 'vitest';
import { fabricateRun } from '../tables/fabricated-run.ts';

const SHARDS = 100;
const SHARD_ROWS = 4;
const QUERIES = SHARDS * SHARD_ROWS;
/** Ranged reads, header and rows each: 30 examples of six arrays, and 120 queries looked at for them; the same for any run. */
const READS = 2 * (30 * 8 + 120 * 2);
const MEBIBYTE = 2 ** 20;

/** Opens stores that count what is read of the stages' arrays: how often, and whole files or ranges. */
function counted(): {
  readonly openStore: (uri: string) => Store;
  readonly whole: string[];
  readonly ranges: string[];
} {
  const [whole, ranges]: [string[], string[]] = [[], []];
  const open = (uri: string): Store =>
    new Proxy(openStore(uri), {
      get(store, name) {
        const value = Reflect.get(store, name);
        if (typeof value !== 'function') return value;
        return (at: string, ...rest: unknown[]) => {
          if (at.endsWith('.npy') && name !== 'size') (name === 'readRange' ? ranges : whole).push(at);
          return value.call(store, at, ...rest);
        };
      },
    });
  return { openStore: open, whole, ranges };
}

/** Every count a million times as large (the ends of a histogram, -1 and 1, are none). */
function enlarged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(enlarged);
  if (typeof value === 'number') return Number.isInteger(value) && value > 1 ? value * 1_000_000 : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, enlarged(inner)]));
}

function ofMoreQueries({ negatives, ...report }: Report): Report {
  const { counts, funnel, retrieval, scores, tables } = report;
  const { perQuery, ranks } = negatives;
  return {
    ...report,
    ...(enlarged({ counts, funnel, retrieval, scores, tables }) as Partial<Report>),
    negatives: { ...negatives, ...(enlarged({ perQuery, ranks }) as Partial<Report['negatives']>) },
  };
}

test('the report is made of the figures that the stages kept, and does not grow with the queries', async () => {
  const made = await fabricateRun({
    queries: QUERIES,
    documents: 2 * QUERIES,
    shardRows: SHARD_ROWS,
    tables: ['triplet', 'candidates'],
    text: (side, row) => `${side} ${row} ${'says a great deal '.repeat(200)}`,
  });
  for (const { table, parts } of await arrange(made.context, made.unit)) {
    for (let part = 0; part < parts; part++) await write(made.context, { ...made.unit, table, part });
  }
  const { openStore: open, whole, ranges } = counted();
  const execution = { startedAt: '', stages: {}, busySeconds: 0 };
  const { funnel } = await report({ ...made.context, openStore: open }, { ...made.unit, execution });
  expect(funnel.candidates).toBe(7 * QUERIES - QUERIES / 4);

  // Of the candidates only the rows of the queries that it shows, by ranged reads.
  expect(whole).toEqual([]);
  expect(ranges.length).toBeGreaterThan(0);
  expect(ranges.length).toBeLessThan(READS);

  const directory = `${made.run.job.output.path}/runs/${made.run.runId}`;
  const read = async (name: string): Promise<string> =>
    new TextDecoder().decode(await openStore(directory).read(`${directory}/${name}`));
  const [page, json] = [await read('report.html'), await read('report.json')];
  const { suspects, examples } = JSON.parse(json) as Report;
  // As many as a report of any run holds: what is left to grow are digits, and thumbnails up to 2 MiB.
  expect([suspects.length, examples.length]).toEqual([50, 30]);
  const large = reportPage(ofMoreQueries(JSON.parse(json)));
  expect(large.length).toBeLessThan(1.5 * page.length);
  expect(large.length).toBeLessThan(MEBIBYTE);
});
