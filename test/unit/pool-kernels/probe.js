import { threadId } from 'node:worker_threads';
import { QuarryError } from '@quarry/activities/failures';

/** What the tests of the pool make a thread do. */
export function run(input, control) {
  if (input.fail === 'quarry') throw new QuarryError('BadVectors', 'row 3 of a.npy is not finite');
  if (input.fail === 'plain') throw new TypeError('not that');
  if (input.fail === 'die') process.exit(7);
  const until = performance.now() + (input.blockMs ?? 0);
  let turns = 0;
  while (performance.now() < until) {
    control.progress(++turns, Number.MAX_SAFE_INTEGER);
    if (input.obeys && control.aborted) break;
  }
  return { threadId, turns, bytes: new Float32Array([1, 2, 3]) };
}
