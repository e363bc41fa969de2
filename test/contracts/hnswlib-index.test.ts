import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HnswlibIndex } from '@quarry/activities/index/hnswlib-index';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusteredVectors } from '../unit/search/synthetic-vectors.ts';
import { vectorIndexContract } from './vector-index.ts';

vectorIndexContract('hnswlib');

describe('graph files of hnswlib', () => {
  const control = { aborted: false, progress: () => {} };
  const parameters = { m: 8, efConstruction: 50, seed: 1 };
  const vectors = (rows: number, dimension: number) => ({
    data: clusteredVectors({ documents: rows, queries: 0, dimension }).documents,
    rows,
    dimension,
  });
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'graph-files-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('are equal for equal vectors, and differ by seed', async () => {
    const files: Buffer[] = [];
    for (const seed of [1, 1, 2]) {
      const index = await HnswlibIndex.build(vectors(300, 8), { ...parameters, seed }, control);
      index.save(join(directory, 'graph'));
      files.push(await readFile(join(directory, 'graph')));
    }
    expect(files[0]!.equals(files[1]!)).toBe(true);
    expect(files[0]!.equals(files[2]!)).toBe(false);
  });

  it('of other vectors are refused before native code reads them', async () => {
    const path = join(directory, 'other');
    (await HnswlibIndex.build(vectors(50, 4), parameters, control)).save(path);
    expect(() => HnswlibIndex.load(path, vectors(50, 8), 20)).toThrow(
      expect.objectContaining({
        code: 'BadArtefact',
        message: expect.stringContaining('a graph of 50 vectors of dimension 4; expected 50 of dimension 8'),
      }),
    );
    expect(() => HnswlibIndex.load(path, vectors(49, 4), 20)).toThrow(/expected 49 of dimension 4/);
  });

  it('that are cut off or empty are refused', async () => {
    const path = join(directory, 'short');
    (await HnswlibIndex.build(vectors(50, 4), parameters, control)).save(path);
    const whole = await readFile(path);
    for (const length of [0, 20, 100, whole.length - 4]) {
      await writeFile(path, whole.subarray(0, length));
      expect(() => HnswlibIndex.load(path, vectors(50, 4), 20)).toThrow(
        expect.objectContaining({ code: 'BadArtefact', message: expect.stringContaining(path) }),
      );
    }
  });
});
