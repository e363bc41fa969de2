import { chooseEngine, searchCost } from '@quarry/activities/index/choose-engine';
import { jobSchema } from '@quarry/workflows/job';
import { describe, expect, it } from 'vitest';

const search = (settings: object = {}) =>
  jobSchema.parse({ name: 'x', input: { format: 'pairs', path: 'x' }, search: settings }).search;

describe('choose engine', () => {
  it.each([
    [100, 1_000, 384, 'exact'],
    [50_000, 50_000, 384, 'exact'],
    [200_000, 50_000, 384, 'exact'],
    [1_000, 1_000_000, 384, 'exact'],
    [1_000_000, 1_000_000, 384, 'hnswlib'],
    [5_000_000, 10_000_000, 384, 'hnswlib'],
  ] as const)('%i queries, %i documents, %i dimensions: %s', (queries, documents, dimension, engine) => {
    expect(chooseEngine(search(), { queries, documents, dimension, candidates: 98 }).engine).toBe(engine);
  });

  it('is near what was measured', () => {
    const measured = { queries: 20_000, documents: 20_000, dimension: 384 };
    // hnswlib-node at 20,000 x 384: 758 us to add, 1069 us to search with ef 240.
    const { hnswlib } = searchCost(search({ efSearch: 240 }), measured);
    expect(hnswlib / (20_000 * (758e-6 + 1069e-6))).toBeGreaterThan(0.8);
    expect(hnswlib / (20_000 * (758e-6 + 1069e-6))).toBeLessThan(1.25);
    // The same at 1,536 dimensions: 2490 us and 3281 us.
    const wide = searchCost(search({ efSearch: 240 }), { ...measured, dimension: 1536 }).hnswlib;
    expect(wide / (20_000 * (2490e-6 + 3281e-6))).toBeGreaterThan(0.8);
    expect(wide / (20_000 * (2490e-6 + 3281e-6))).toBeLessThan(1.25);
  });

  it('does what the job says, and says why with figures', () => {
    const size = { queries: 10, documents: 10, dimension: 384 };
    expect(chooseEngine(search({ engine: 'hnswlib' }), size)).toMatchObject({
      engine: 'hnswlib',
      why: expect.stringContaining('the job asks for it'),
    });
    expect(chooseEngine(search(), { queries: 50_000, documents: 50_000, dimension: 384 }).why).toMatch(
      /50000 queries x 50000 documents x 384 dimensions: exact about 55 s, hnswlib about \d+ s of one core/,
    );
  });
});
