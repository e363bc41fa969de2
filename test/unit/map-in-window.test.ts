import { mapInWindow } from '@quarry/workflows/map-in-window';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('maps every number of the range in order, never more than the window at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(20), fc.nat(60), fc.integer({ min: 1, max: 9 }), async (start, count, window) => {
      let inFlight = 0;
      let most = 0;
      const results = await mapInWindow(start, start + count, window, async (number) => {
        most = Math.max(most, ++inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        inFlight--;
        return number * 2;
      });
      expect(results).toEqual(Array.from({ length: count }, (_, i) => (start + i) * 2));
      expect(most).toBeLessThanOrEqual(window);
      expect(most).toBe(Math.min(window, count));
    }),
    { numRuns: 50 },
  );
});

test('after a failure starts nothing more, lets what is in flight end, and throws the failure', async () => {
  const started: number[] = [];
  let ended = 0;
  const work = mapInWindow(0, 100, 3, async (number) => {
    started.push(number);
    await new Promise((resolve) => setImmediate(resolve));
    ended++;
    if (number === 4) throw new Error('unit 4 broke');
  });
  await expect(work).rejects.toThrow('unit 4 broke');
  expect(started.length).toBeLessThanOrEqual(8);
  expect(ended).toBe(started.length);
});
