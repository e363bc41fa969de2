import { compileChain, runChain } from '@quarry/activities/mining/chain';
import { keepNegatives } from '@quarry/activities/mining/keep-negatives';
import type { Job } from '@quarry/workflows';
import { chainOf } from '@quarry/workflows/chain';
import { jobSchema } from '@quarry/workflows/job';

/** A margin job's parameters, and how deep retrieval looked. */
export type MarginRule = Partial<Job['mining']> & { readonly depth: number; readonly seed: number };

/** One query's candidates, what is ineligible already marked in `reasons`. */
export interface MarginCandidates {
  readonly query: number;
  readonly scores: Float32Array;
  readonly reasons: Uint8Array;
  readonly positiveScores: Float32Array;
}

/** Runs the chain that `strategy: margin` is, over candidates whose documents do not matter; gives the places kept. */
export function keepByMargin({ depth, seed, ...given }: MarginRule, candidates: MarginCandidates): number[] {
  const { mining } = jobSchema.parse({
    name: 'margin',
    input: { format: 'pairs', path: 'x' },
    mining: { ...given, strategy: 'margin' },
  });
  const maxPositives = depth - (mining.rangeMax ?? 0);
  const { numNegatives, sampling, underFill = 'keep' } = mining;
  const chain = compileChain(chainOf(mining, { maxPositives, documents: Number.POSITIVE_INFINITY }));
  const whole = {
    ...candidates,
    documents: Int32Array.from(candidates.scores, (_, place) => place),
    positives: new Int32Array(0),
    self: Int32Array.of(-1, -1),
    features: {},
  };
  runChain(chain, whole);
  return [...keepNegatives({ chain, numNegatives, sampling, underFill, seed }, whole).places];
}
