import type { Candidates } from '../candidates.ts';
import { type Filter, featureOf, thresholdFilter } from './filter.ts';

/** Thresholds of a cross-encoder; at least one. */
export interface CrossEncoderRule {
  /** Probability. */
  readonly above?: number | undefined;
  /** Log-odds below those of the lowest positive. */
  readonly margin?: number | undefined;
}

/**
 * Drops what a cross-encoder reads as an answer: the denoising of RocketQA (Qu et al. 2021, arXiv 2010.08191), whose
 * ablation gives MRR@10 36.4 with it and 26.0 without on MS MARCO. What was not judged passes. Not measured here: no real
 * cross-encoder was at hand.
 */
export function crossEncoder({ above, margin }: CrossEncoderRule): Filter {
  const excess = (candidates: Candidates, place: number): number => {
    const score = featureOf(candidates, 'cross_encoder')[place]!;
    const overProbability = above === undefined ? -Infinity : score - Math.log(above / (1 - above));
    if (margin === undefined) return overProbability;
    return Math.max(overProbability, featureOf(candidates, 'cross_encoder_margin')[place]! + margin);
  };
  return thresholdFilter('cross_encoder', 0, excess);
}
