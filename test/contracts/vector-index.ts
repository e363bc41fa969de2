import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildGraphInput } from '@quarry/activities/pool/kernels/build-graph';
import type {
  PartFiles,
  SearchPartInput,
  SearchPartOutput,
} from '@quarry/activities/pool/kernels/search-part';
import { createPool, type Pool } from '@quarry/activities/pool/pool';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared } from '../support/shared-data.ts';
import { bestByDefinition } from '../unit/search/brute-force.ts';
import { readHalfNpy } from '../unit/search/half-npy.ts';
import { clusteredVectors } from '../unit/search/synthetic-vectors.ts';

type Engine = 'exact' | 'hnswlib';

const real = shared('data/bge-queries');

/** What every engine must do, seen through the kernels that the stages call: real threads, real files. */
export function vectorIndexContract(engine: Engine): void {
  describe(`vector index: ${engine}`, () => {
    const never = new AbortController().signal;
    let directory: string;
    /** Builds. */
    let builder: Pool;
    /** Searches, in threads that have built nothing. */
    let searcher: Pool;
    let parts = 0;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'vector-index-'));
      builder = createPool({ threads: 1 });
      searcher = createPool({ threads: 2 });
    });
    afterAll(async () => {
      await builder.close();
      await searcher.close();
      await rm(directory, { recursive: true });
    });

    async function write(vectors: Float32Array, dimension: number): Promise<string> {
      const path = join(directory, `vectors-${parts++}.npy`);
      await writeFile(path, encodeNpy(vectors, [vectors.length / dimension, dimension]));
      return path;
    }

    async function build(files: readonly string[], dimension: number, seed = 42): Promise<PartFiles> {
      const key = `part-${parts++}`;
      const graph = engine === 'exact' ? null : join(directory, `${key}.hnsw`);
      if (graph !== null) {
        const input: BuildGraphInput = {
          vectors: files,
          dimension,
          m: 16,
          efConstruction: 200,
          seed,
          output: graph,
        };
        await builder.run({ kernel: 'build-graph', input, signal: never });
      }
      return { key, vectors: files, dimension, start: 0, graph, efSearch: 200 };
    }

    function search(
      part: PartFiles,
      queries: Float32Array,
      k: number,
      options: { dimension?: number; signal?: AbortSignal } = {},
    ): Promise<SearchPartOutput> {
      const dimension = options.dimension ?? part.dimension;
      const input: SearchPartInput = {
        part,
        queries: { data: queries, rows: queries.length / dimension, dimension },
        k,
        pairs: { queries: new Int32Array(0), documents: new Int32Array(0) },
        threads: 1,
      };
      return searcher.run({ kernel: 'search-part', input, signal: options.signal ?? never });
    }

    it('finds at least 95 % of the exact best, with true scores in order', async () => {
      const { documents, queries } = clusteredVectors({ documents: 5000, queries: 200, dimension: 48 });
      const part = await build([await write(documents, 48)], 48);
      const k = 30;
      const { ids, scores } = await search(part, queries, k);
      const truth = bestByDefinition(queries, documents, 48, k);
      let right = 0;
      for (let query = 0; query < 200; query++) {
        const found = ids.subarray(query * k, (query + 1) * k);
        const known = new Map(truth.all[query]);
        right += truth.ids[query]!.filter((id) => found.includes(id)).length;
        expect(new Set(found).size).toBe(k);
        found.forEach((id, i) => {
          expect(scores[query * k + i]).toBe(known.get(id));
          if (i > 0) expect(scores[query * k + i]).toBeLessThanOrEqual(scores[query * k + i - 1]!);
        });
      }
      const recall = right / (200 * k);
      if (engine === 'exact') expect(recall).toBe(1);
      else expect(recall).toBeGreaterThanOrEqual(0.95);
    });

    it.skipIf(real === null)('finds at least 95 % of the exact best of real embeddings', async () => {
      const vectors = await readHalfNpy(join(real!, 'vectors.f16.npy'));
      const { data, dimension } = vectors;
      const queries = data.slice(0, 100 * dimension);
      const documents = data.slice(100 * dimension);
      const k = 50;
      const part = await build([await write(documents, dimension)], dimension);
      const { ids, scores } = await search(part, queries, k);
      const truth = bestByDefinition(queries, documents, dimension, k);
      const right = truth.ids.map(
        (best, query) => best.filter((id) => ids.subarray(query * k, (query + 1) * k).includes(id)).length,
      );
      if (engine === 'exact') expect([...scores]).toEqual(truth.scores.flat());
      else expect(right.reduce((a, b) => a + b) / (100 * k)).toBeGreaterThanOrEqual(0.95);
    });

    it('orders by inner product, not by angle or distance', async () => {
      const documents = Float32Array.of(1, 0, 0.6, 0.8, 5, 5, -9, 0);
      const part = await build([await write(documents, 2)], 2);
      const { ids, scores } = await search(part, Float32Array.of(1, 0, 0, 2), 4);
      expect([...ids]).toEqual([2, 0, 1, 3, 2, 1, 0, 3]);
      expect([...scores]).toEqual([5, 1, 0.6, -9, 10, 1.6, 0, 0].map(Math.fround));
    });

    it('pads where it holds fewer than k', async () => {
      const part = await build([await write(Float32Array.of(1, 0, 0, 1), 2)], 2);
      const { ids, scores } = await search(part, Float32Array.of(0, 1), 4);
      expect([...ids]).toEqual([1, 0, -1, -1]);
      expect([...scores]).toEqual([1, 0, -Infinity, -Infinity]);
    });

    it('joins the files of a part and adds its first id', async () => {
      const files = [await write(Float32Array.of(1, 0, 2, 0), 2), await write(Float32Array.of(3, 0), 2)];
      const part = { ...(await build(files, 2)), start: 1000 };
      expect([...(await search(part, Float32Array.of(1, 0), 3)).ids]).toEqual([1002, 1001, 1000]);
    });

    it('answers no queries with nothing', async () => {
      const part = await build([await write(Float32Array.of(1, 0), 2)], 2);
      expect(await search(part, new Float32Array(0), 3)).toMatchObject({ ids: new Int32Array(0) });
    });

    it('scores the pairs whose document it holds', async () => {
      const part = {
        ...(await build([await write(Float32Array.of(1, 2, 3, 4), 2)], 2)),
        start: 10,
      };
      const input: SearchPartInput = {
        part,
        queries: { data: Float32Array.of(1, 0, 0, 1), rows: 2, dimension: 2 },
        k: 1,
        pairs: { queries: Int32Array.of(0, 1, 1), documents: Int32Array.of(11, 9, 10) },
        threads: 1,
      };
      const { positiveScores } = await searcher.run<SearchPartInput, SearchPartOutput>({
        kernel: 'search-part',
        input,
        signal: never,
      });
      expect([...positiveScores]).toEqual([3, Number.NaN, 2]);
    });

    it('refuses queries of another dimension', async () => {
      const part = await build([await write(Float32Array.of(1, 0), 2)], 2);
      await expect(search(part, Float32Array.of(1, 0, 0), 1, { dimension: 3 })).rejects.toMatchObject({
        code: 'BadVectors',
        message: expect.stringContaining('dimension 3 against an index of dimension 2'),
      });
    });

    it('refuses files of another dimension', async () => {
      const file = await write(Float32Array.of(1, 0, 0), 3);
      await expect(
        build([file], 2).then((part) => search(part, Float32Array.of(1, 0), 1)),
      ).rejects.toMatchObject({ code: 'BadVectors', message: expect.stringContaining(file) });
    });

    it.each([Number.NaN, Infinity, -Infinity])('refuses %s in documents and queries', async (bad) => {
      const poor = await write(Float32Array.of(1, 0, 0, bad), 2);
      await expect(
        build([poor], 2).then((part) => search(part, Float32Array.of(1, 0), 1)),
      ).rejects.toMatchObject({
        code: 'BadVectors',
        message: expect.stringContaining('documents, row 1, element 1'),
      });
      const part = await build([await write(Float32Array.of(1, 0), 2)], 2);
      await expect(search(part, Float32Array.of(bad, 0), 1)).rejects.toMatchObject({
        code: 'BadVectors',
        message: expect.stringContaining('queries, row 0, element 0'),
      });
    });

    it('refuses vectors whose scores would leave float32', async () => {
      const part = await build([await write(Float32Array.of(1e30, 0), 2)], 2);
      await expect(search(part, Float32Array.of(1e30, 0), 1)).rejects.toMatchObject({ code: 'BadVectors' });
    });

    it('ends soon after an abort', async () => {
      const { documents, queries } = clusteredVectors({ documents: 3000, queries: 20_000, dimension: 64 });
      const part = await build([await write(documents, 64)], 64);
      const abort = new AbortController();
      const running = search(part, queries, 50, { signal: abort.signal });
      setTimeout(() => abort.abort(new Error('enough')), 300);
      const started = performance.now();
      await expect(running).rejects.toThrow('enough');
      expect(performance.now() - started).toBeLessThan(5000);
    });

    it('is the same whoever built it, and whenever', async () => {
      const { documents, queries } = clusteredVectors({ documents: 800, queries: 50, dimension: 24 });
      const file = await write(documents, 24);
      const once = await search(await build([file], 24), queries, 20);
      const again = await search(await build([file], 24), queries, 20);
      expect(again).toEqual(once);
    });
  });
}
