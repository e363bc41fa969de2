import { expect, test } from 'vitest';
import { TINY } from '../unit/models/tiny-models.ts';
import { interpreter, runPython } from './python-environment.ts';

interface Compared {
  readonly changedFiles: readonly string[];
  readonly rows: number;
  readonly sameRows: number;
  readonly cosineDistance: number;
  readonly difference: number;
}

test('the goldens of the tiny models come out again: tokenizers, prompts, ids, and states of transformers', async ({
  skip,
}) => {
  const python = await interpreter('sentence-transformers', skip);
  const script = '../../infra/model/tiny/check_goldens.py';
  const models = await runPython<Record<string, Compared>>(python, script, []);
  expect(Object.keys(models).sort()).toEqual([...TINY].sort());
  for (const [name, { changedFiles, rows, sameRows, cosineDistance, difference }] of Object.entries(models)) {
    expect(changedFiles, name).toEqual([]);
    expect(rows, name).toBeGreaterThanOrEqual(16);
    expect(sameRows, name).toBe(rows);
    expect(cosineDistance, name).toBeLessThan(1e-6);
    expect(difference, name).toBeLessThan(1e-4);
  }
});
