import { randomStream, sample } from './random-stream.ts';
import { CODE } from './reason-codes.ts';

/** The parameters of sentence-transformers' `mine_hard_negatives` 6.0.1, in camel case. */
export interface MarginRule {
  readonly numNegatives: number;
  readonly absoluteMargin?: number | undefined;
  readonly relativeMargin?: number | undefined;
  readonly maxScore?: number | undefined;
  readonly minScore?: number | undefined;
  /** Candidates that pass the scores, but are skipped at the top. */
  readonly rangeMin: number;
  /** Candidates that pass the scores and are looked at, the skipped ones included. */
  readonly rangeMax: number;
  /** Candidates retrieved, positives included and the query itself not: `rangeMax` + most positives of a query. */
  readonly depth: number;
  readonly sampling: 'top' | 'random';
  readonly seed: number;
}

/** One query's candidates, best first. */
export interface ScoredCandidates {
  readonly query: number;
  /** float32 [k] */
  readonly scores: Float32Array;
  /** uint8 [k]: 0 where the candidate is eligible; the final verdicts are written here */
  readonly reasons: Uint8Array;
  /** float32: the query's scores of its positives */
  readonly positiveScores: Float32Array;
}

/**
 * Keeps up to `numNegatives` candidates and leaves a verdict on each. The checks come in this order, and the first that
 * fails is the reason: what is ineligible already, what lies deeper than `depth`, absolute margin, relative margin,
 * `maxScore`, `minScore` (all in float32, against the lowest positive score), then the rank *among those that passed*,
 * then the count.
 *
 * @returns places of the kept candidates, best first
 */
export function keepByMargin(rule: MarginRule, candidates: ScoredCandidates): number[] {
  const { scores, reasons } = candidates;
  const lowestPositive = candidates.positiveScores.reduce((low, score) => Math.min(low, score), Infinity);
  const passed: number[] = [];
  let depth = 0;
  for (let place = 0; place < scores.length; place++) {
    if (reasons[place] !== CODE.self) depth++;
    if (reasons[place] !== 0) continue;
    reasons[place] =
      depth > rule.depth ? CODE.rank_window : failedScore(rule, scores[place]!, lowestPositive);
    if (reasons[place] === 0) passed.push(place);
  }
  passed.forEach((place, rank) => {
    reasons[place] = rank < rule.rangeMin || rank >= rule.rangeMax ? CODE.rank_window : CODE.not_sampled;
  });
  const kept = take(rule, candidates.query, passed.slice(rule.rangeMin, rule.rangeMax));
  for (const place of kept) reasons[place] = 0;
  return kept;
}

/** The first score check that a candidate fails, 0 where it passes all. */
function failedScore(rule: MarginRule, score: number, lowestPositive: number): number {
  const { absoluteMargin, relativeMargin, maxScore, minScore } = rule;
  const { fround } = Math;
  if (absoluteMargin !== undefined && fround(score + fround(absoluteMargin)) > lowestPositive) {
    return CODE.absolute_margin;
  }
  if (relativeMargin !== undefined) {
    const margin = fround(Math.abs(lowestPositive) * fround(relativeMargin));
    if (score > fround(lowestPositive - margin)) return CODE.relative_margin;
  }
  if (maxScore !== undefined && score > fround(maxScore)) return CODE.max_score;
  if (minScore !== undefined && score < fround(minScore)) return CODE.min_score;
  return 0;
}

function take({ sampling, numNegatives, seed }: MarginRule, query: number, places: number[]): number[] {
  if (sampling === 'top') return places.slice(0, numNegatives);
  return sample(places, numNegatives, randomStream(seed, query));
}
