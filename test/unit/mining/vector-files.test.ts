import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { VectorFiles } from '@quarry/activities/tables/vector-files';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

const ROWS = 500;
const DIMENSION = 3;

describe('query vector files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quarry-vectors-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const all = Float32Array.from({ length: ROWS * DIMENSION }, (_, i) => i / 7);
  const files = [0, 130, 131, 400].map((start, i, starts) => {
    const end = starts[i + 1] ?? ROWS;
    const path = join(directory, `${start}.npy`);
    const rows = all.subarray(start * DIMENSION, end * DIMENSION);
    writeFileSync(path, encodeNpy(rows, [end - start, DIMENSION]));
    return { start, end, path };
  });
  const vectorOf = (query: number): number[] => [...all.subarray(query * DIMENSION, (query + 1) * DIMENSION)];

  it('gives any vector, whether all are held or some', () => {
    for (const held of [undefined, 100 * DIMENSION * 4]) {
      const vectors = new VectorFiles(files, DIMENSION, held);
      for (const query of [0, 129, 130, 131, 399, 400, 499, 5, 63, 64]) {
        const window = vectors.around(query);
        const at = (query - window.start) * DIMENSION;
        expect([...window.vectors.subarray(at, at + DIMENSION)]).toEqual(vectorOf(query));
      }
    }
  });

  it('gives every needed vector in exactly one window', () => {
    const needed = fc.uniqueArray(fc.nat(ROWS - 1), { maxLength: 80 });
    fc.assert(
      fc.property(needed, fc.constantFrom(70, 200, ROWS), (queries, rows) => {
        const ascending = Int32Array.from(queries).sort();
        const vectors = new VectorFiles(files, DIMENSION, rows * DIMENSION * 4);
        const seen: number[] = [];
        for (const { start, end, vectors: held } of vectors.windows(ascending)) {
          for (const query of ascending) {
            if (query < start || query >= end) continue;
            seen.push(query);
            const at = (query - start) * DIMENSION;
            expect([...held.subarray(at, at + DIMENSION)]).toEqual(vectorOf(query));
          }
        }
        expect(seen).toEqual([...ascending]);
      }),
    );
  });
});
