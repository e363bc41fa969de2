import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPool, type Pool } from '@quarry/activities/pool/pool';
import { indexPart } from '@quarry/activities/stages/index-part';
import { embedKey, measureRecallKey, mergeKey, searchKey } from '@quarry/activities/stages/keys';
import { measureRecall } from '@quarry/activities/stages/measure-recall';
import { merge } from '@quarry/activities/stages/merge';
import {
  type Part,
  PLAN_FILES,
  type RunDocument,
  type Shard,
  unitDirectory,
} from '@quarry/activities/stages/run-document';
import { search } from '@quarry/activities/stages/search';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { memoised, readDone, readUnitNpy } from '@quarry/activities/stages/unit';
import { openStore } from '@quarry/activities/storage/open-store';
import type { RunRef } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bestByDefinition } from './brute-force.ts';
import { clusteredVectors } from './synthetic-vectors.ts';

const DOCUMENTS = 3000;
const QUERIES = 240;
const DIMENSION = 32;
const K = 40;

/** Cuts 0..rows into shards of about `size`, not all of one length. */
function cut(rows: number, size: number, name: string): Shard[] {
  const shards: Shard[] = [];
  for (let start = 0; start < rows; ) {
    const end = Math.min(rows, start + size + (shards.length % 3) * 7);
    shards.push({ start, end, sha256: `${name} ${start} ${end}` });
    start = end;
  }
  return shards;
}

describe('index, search, merge and measureRecall', () => {
  const { documents, queries } = clusteredVectors({
    documents: DOCUMENTS,
    queries: QUERIES,
    dimension: DIMENSION,
  });
  let directory: string;
  let pool: Pool;
  let context: StageContext;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'search-stages-'));
    pool = createPool({ threads: 2 });
    context = {
      openStore,
      scratch: join(directory, 'scratch'),
      pool,
      threads: 1,
      signal: new AbortController().signal,
      progress: () => {},
    };
  });
  afterAll(async () => {
    await pool.close();
    await rm(directory, { recursive: true });
  });

  /** A cache as `plan` and `embed` leave it: query i has the positives i and i + 1. */
  async function prepare(
    name: string,
    engine: 'exact' | 'hnswlib',
    shardRows: number,
    shardsPerPart: number,
    efSearch?: number,
  ): Promise<{ unit: RunRef; run: RunDocument }> {
    const cache = pathToFileURL(join(directory, name)).href;
    const documentShards = cut(DOCUMENTS, shardRows, 'documents');
    const queryShards = cut(QUERIES, Math.ceil(shardRows / 4), 'queries');
    const parts: Part[] = [];
    for (let start = 0; start < documentShards.length; start += shardsPerPart) {
      const end = Math.min(documentShards.length, start + shardsPerPart);
      parts.push({
        shards: { start, end },
        documents: { start: documentShards[start]!.start, end: documentShards[end - 1]!.end },
      });
    }
    const run: RunDocument = {
      runId: name,
      job: jobSchema.parse({
        name: 'search-stages',
        input: { format: 'pairs', path: 'unused' },
        search: { engine, recallSample: 60, ...(efSearch === undefined ? {} : { efSearch }) },
      }),
      plan: {
        documents: DOCUMENTS,
        queries: QUERIES,
        pairs: 2 * QUERIES,
        maxPositives: 2,
        documentShards,
        queryShards,
        fingerprints: { pairs: 'p', judgements: 'j' },
        inputs: [],
        quarantined: 0,
        unminedQueries: 0,
        unownedDocuments: 0,
      },
      planKey: 'plan',
      model: {
        kind: 'vectors',
        path: '',
        sha256: 'model',
        dimension: DIMENSION,
        maxLength: 0,
        preprocessing: {},
        oneRowAtATime: false,
      },
      search: { engine, k: K, retrieved: K, parts, why: '' },
      versions: {},
    };
    const store = openStore(cache);
    await store.write(`${cache}/run/${name}/run.json`, new TextEncoder().encode(JSON.stringify(run)));
    await memoised(context, { cache }, 'plan', 'plan', async (output) => {
      const pairs = Array.from({ length: 2 * QUERIES }, (_, i) => i);
      await output.writeNpy(
        PLAN_FILES.queryPairs,
        Int32Array.from({ length: QUERIES + 1 }, (_, q) => 2 * q),
      );
      await output.writeNpy(
        PLAN_FILES.pairDocument,
        Int32Array.from(pairs, (i) => (i >> 1) + (i & 1)),
      );
      await output.writeNpy(
        PLAN_FILES.pairRelevance,
        Float32Array.from(pairs, (i) => 1 + (i & 1)),
      );
      await output.writeNpy(PLAN_FILES.querySelf, new Int32Array(2 * QUERIES).fill(-1), [QUERIES, 2]);
      return { rows: DOCUMENTS };
    });
    for (const side of ['document', 'query'] as const) {
      const [shards, vectors] = side === 'document' ? [documentShards, documents] : [queryShards, queries];
      for (const [shard, { start, end }] of shards.entries()) {
        await memoised(context, { cache }, 'embed', embedKey(run, side, shard), async (output) => {
          const rows = vectors.slice(start * DIMENSION, end * DIMENSION);
          await output.writeNpy('vectors.npy', rows, [end - start, DIMENSION]);
          return { rows: end - start };
        });
      }
    }
    return { unit: { cache, run: name }, run };
  }

  async function searchAll(unit: RunRef, run: RunDocument): Promise<void> {
    for (const [shard] of run.plan.queryShards.entries()) {
      for (const [part] of run.search.parts.entries()) await search(context, { ...unit, shard, part });
      await merge(context, { ...unit, shard });
    }
  }

  async function mergedLists(unit: RunRef, run: RunDocument) {
    const lists = { ids: [] as number[], scores: [] as number[], positives: [] as number[] };
    for (const [shard] of run.plan.queryShards.entries()) {
      const key = mergeKey(run, shard);
      const read = async (file: string) => (await readUnitNpy(context, unit.cache, 'merge', key, file)).data;
      lists.ids.push(...(await read('ids.npy')));
      lists.scores.push(...(await read('scores.npy')));
      lists.positives.push(...(await read('positive-scores.npy')));
    }
    return lists;
  }

  it('exact: any number of shards and parts gives search by definition', async () => {
    const truth = bestByDefinition(queries, documents, DIMENSION, K);
    const scoreOf = truth.all.map((scored) => new Map(scored));
    const positives = scoreOf.flatMap((scores, query) => [scores.get(query), scores.get(query + 1)]);
    for (const [name, shardRows, shardsPerPart] of [
      ['one', 5000, 1],
      ['some', 700, 2],
      ['many', 211, 3],
    ] as const) {
      const { unit, run } = await prepare(name, 'exact', shardRows, shardsPerPart);
      await searchAll(unit, run);
      const lists = await mergedLists(unit, run);
      expect(lists.ids).toEqual(truth.ids.flat());
      expect(lists.scores).toEqual(truth.scores.flat());
      expect(lists.positives).toEqual(positives);
      await measureRecall(context, unit);
      const { figures } = await readDone(context, unit.cache, 'measureRecall', measureRecallKey(run));
      expect(figures).toMatchObject({ sample: 60, k: K, recallAtK: 1, recallAt10: 1, lower: 1, upper: 1 });
    }
  });

  it('merge sums how well the known positives were retrieved', async () => {
    const { unit, run } = await prepare('metrics', 'exact', 400, 2);
    await searchAll(unit, run);
    const truth = bestByDefinition(queries, documents, DIMENSION, K);
    const sums = { queries: 0, hit1: 0, mrr: 0 };
    for (const [shard] of run.plan.queryShards.entries()) {
      const done = await readDone(context, unit.cache, 'merge', mergeKey(run, shard));
      const { default: figures } = done.figures.retrieval as { default: Record<string, number> };
      sums.queries += figures.queries!;
      sums.hit1 += figures['hit@1']!;
      sums.mrr += figures['mrr@10']!;
    }
    const ranks = truth.ids.map((ids, query) => ids.findIndex((id) => id === query || id === query + 1));
    expect(sums.queries).toBe(QUERIES);
    expect(sums.hit1).toBe(ranks.filter((rank) => rank === 0).length);
    const reciprocal = ranks.map((rank) => (rank >= 0 && rank < 10 ? 1 / (rank + 1) : 0));
    expect(sums.mrr).toBeCloseTo(
      reciprocal.reduce((sum, x) => sum + x, 0),
      9,
    );
  });

  it('hnswlib: graphs of two parts, searched by other threads; recall is measured, not assumed', async () => {
    const recall = async (name: string, efSearch?: number): Promise<Record<string, number>> => {
      const { unit, run } = await prepare(name, 'hnswlib', 500, 3, efSearch);
      expect(run.search.parts).toHaveLength(2);
      for (const [part] of run.search.parts.entries()) await indexPart(context, { ...unit, part });
      await searchAll(unit, run);
      await measureRecall(context, unit);
      const done = await readDone(context, unit.cache, 'measureRecall', measureRecallKey(run));
      return done.figures as Record<string, number>;
    };
    const wide = await recall('wide');
    expect(wide.recallAtK).toBeGreaterThanOrEqual(0.95);
    const narrow = await recall('narrow', 8);
    expect(narrow.recallAtK).toBeLessThan(1);
    expect(narrow.recallAtK).toBeLessThan(wide.recallAtK!);
    expect(narrow.lower).toBeLessThan(narrow.recallAtK!);
    expect(narrow.upper).toBeGreaterThan(narrow.recallAtK!);
  });

  it('merge refuses parts that do not cover the corpus', async () => {
    const { unit, run } = await prepare('gap', 'exact', 800, 2);
    await search(context, { ...unit, shard: 0, part: 0 });
    await search(context, { ...unit, shard: 0, part: 1 });
    const key = searchKey(run, 0, 0);
    const hidden = new URL(`${unitDirectory(unit.cache, 'search', key)}/positive-scores.npy`);
    const other = `${unitDirectory(unit.cache, 'search', searchKey(run, 0, 1))}/positive-scores.npy`;
    await writeFile(hidden, await openStore(other).read(other));
    await expect(merge(context, { ...unit, shard: 0 })).rejects.toMatchObject({
      code: 'BadArtefact',
      message: expect.stringContaining('no part scored pair 0'),
    });
  });
});
