import { candidatesPerQuery } from '@quarry/workflows/candidates-per-query';
import { jobSchema } from '@quarry/workflows/job';
import {
  estimatedTokens,
  partition,
  type RowBytes,
  ShardCutter,
  type ShardSizing,
  shardLimits,
} from '@quarry/workflows/partition';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const encoder: ShardSizing = { side: 'document', maxLength: 256, dimension: 384 };

/** A text of so many bytes. */
const textOf = (text: number): RowBytes => ({ text, image: -1 });

/** Cuts rows of the given lengths, as the plan does. */
function cut(sizing: ShardSizing, lengths: readonly number[]): number[] {
  const sum = (of: (bytes: number) => number): number =>
    lengths.reduce((total, bytes) => total + of(bytes), 0);
  const size = {
    rows: lengths.length,
    tokens: sum((bytes) => estimatedTokens(textOf(bytes), sizing.maxLength)),
    bytes: sum((bytes) => bytes),
  };
  const cutter = new ShardCutter(shardLimits(sizing, size), sizing.maxLength);
  const shards: number[] = [0];
  for (const bytes of lengths) {
    if (cutter.startsShard(textOf(bytes))) shards.push(0);
    shards[shards.length - 1]!++;
  }
  return shards;
}

test('a shard holds about 262,144 tokens, of each text no more than the model reads', () => {
  expect(cut(encoder, new Array(3000).fill(1000))).toEqual([1000, 1000, 1000]);
  expect(cut(encoder, new Array(3000).fill(100_000))).toEqual([1000, 1000, 1000]);
  expect(cut({ ...encoder, maxLength: 64 }, new Array(3000).fill(1000))).toEqual([3000]);
});

test('given vectors have only row limits, which differ by side', () => {
  const vectors = { ...encoder, maxLength: 0 };
  expect(cut(vectors, new Array(100_000).fill(500))).toEqual([50_000, 50_000]);
  expect(cut({ ...vectors, side: 'query' }, new Array(32_768).fill(50))).toEqual([16_384, 16_384]);
  expect(cut({ ...vectors, dimension: 4096 }, new Array(32_768).fill(50))).toEqual([16_384, 16_384]);
});

test('the job overrides rows per shard, and no document shard is larger than a part', () => {
  expect(cut({ ...encoder, shardRows: 4 }, new Array(10).fill(40))).toEqual([4, 4, 2]);
  expect(cut({ ...encoder, partRows: 3 }, new Array(9).fill(40))).toEqual([3, 3, 3]);
  expect(cut({ ...encoder, side: 'query', partRows: 3 }, new Array(9).fill(40))).toEqual([9]);
});

test('a corpus of any size has at most 4,000 shards', () => {
  const rows = 1e9;
  const limits = shardLimits(encoder, { rows, tokens: rows * 100, bytes: rows * 400 });
  expect(limits.rows * 4000).toBeGreaterThanOrEqual(rows);
  expect(limits.tokens * 4000).toBeGreaterThanOrEqual(rows * 100);
});

test('shards keep the row limit, lose no row, and are at most one more per limit than needed', () => {
  const lengths = fc.array(fc.nat(4000), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 50 }), (texts, shardRows) => {
      const shards = cut({ ...encoder, shardRows }, texts);
      expect(shards.reduce((a, b) => a + b, 0)).toBe(texts.length);
      expect(Math.max(...shards)).toBeLessThanOrEqual(shardRows);
      expect(Math.min(...shards)).toBeGreaterThan(0);
      expect(shards.length).toBeLessThanOrEqual(2 * Math.ceil(texts.length / shardRows) + 2);
    }),
  );
});

test('parts are consecutive shards that cover the corpus, of 256 MiB of vectors or partRows documents', () => {
  const shards = Array.from({ length: 10 }, (_, i) => ({ start: i * 65_536, end: (i + 1) * 65_536 }));
  const parts = partition(shards, { dimension: 384, partRows: undefined });
  expect(parts.map((part) => [part.shards.start, part.shards.end])).toEqual([
    [0, 2],
    [2, 4],
    [4, 6],
    [6, 8],
    [8, 10],
  ]);
  expect(parts.at(-1)!.documents).toEqual({ start: 8 * 65_536, end: 655_360 });
  expect(partition(shards, { dimension: 384, partRows: 1 })).toHaveLength(10);
  expect(partition(shards, { dimension: 384, partRows: 1e9 })).toHaveLength(1);
});

const mining = (settings: object): Parameters<typeof candidatesPerQuery>[0] =>
  jobSchema.parse({ name: 't', input: { format: 'beir', path: 'x' }, mining: settings }).mining;
const corpus = { maxPositives: 2, documents: 1000 };

test('saha retrieves the pool of the paper, never more than there are documents', () => {
  expect(candidatesPerQuery(mining({}), corpus).k).toBe(90);
  expect(candidatesPerQuery(mining({ topK: 7, poolMultiplier: 5 }), corpus).k).toBe(70);
  expect(candidatesPerQuery(mining({ topK: 1, poolMultiplier: 1 }), corpus).k).toBe(10);
  expect(candidatesPerQuery(mining({}), { ...corpus, documents: 46 }).k).toBe(46);
});

test('margin retrieves as many as sentence-transformers does', () => {
  const margin = (settings: object) =>
    candidatesPerQuery(mining({ strategy: 'margin', ...settings }), corpus);
  expect(margin({ numNegatives: 20, rangeMin: 5 })).toMatchObject({ rangeMax: 27, k: 29 });
  expect(margin({ numNegatives: 5, relativeMargin: 0.05 })).toMatchObject({ rangeMax: 52, k: 54 });
  expect(margin({ numNegatives: 5, absoluteMargin: 0, rangeMin: 1 })).toMatchObject({ rangeMax: 53, k: 55 });
  expect(margin({ numNegatives: 5, maxScore: 0.9 })).toMatchObject({ rangeMax: 52, k: 54 });
  expect(margin({ numNegatives: 5, minScore: 0.1 })).toMatchObject({ rangeMax: 7, k: 10 });
  expect(margin({ numNegatives: 5, rangeMax: 30, maxScore: 0.9 })).toMatchObject({ rangeMax: 30, k: 32 });
  const self = candidatesPerQuery(mining({ strategy: 'margin', rangeMax: 30 }), { ...corpus, maxSelf: 2 });
  expect(self).toMatchObject({ rangeMax: 30, k: 34 });
});
