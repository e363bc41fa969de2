import type { Sampling } from '@quarry/workflows/job/sampling';
import type { Candidates } from '../candidates.ts';
import { randomStream, sample } from '../random-stream.ts';
import { simans } from './simans.ts';
import { spread } from './spread.ts';

/** Up to `numNegatives` of the places that passed, best first. Random ones depend on (seed, query) alone. */
export function sampled(
  rule: { readonly sampling: Sampling; readonly numNegatives: number; readonly seed: number },
  candidates: Candidates,
  passed: readonly number[],
): readonly number[] {
  const { sampling, numNegatives, seed } = rule;
  if (sampling === 'top') return passed.slice(0, numNegatives);
  if (passed.length <= numNegatives && sampling !== 'random') return passed;
  if (sampling === 'random') return sample(passed, numNegatives, randomStream(seed, candidates.query));
  return 'simans' in sampling
    ? simans(sampling.simans, candidates, passed, numNegatives, randomStream(seed, candidates.query))
    : spread(passed, numNegatives, sampling.spread.of);
}
