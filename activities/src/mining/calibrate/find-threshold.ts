import type { Calibrate } from '@quarry/workflows/job/calibrate';
import { type ShareEstimate, wilsonInterval } from '../wilson-interval.ts';
import { GRID, type SurveyFigures } from './threshold-survey.ts';

/** A threshold, and why. */
export interface Calibration {
  readonly above: number;
  /** Whether what was asked for is met. */
  readonly met: boolean;
  readonly why: string;
  /** Estimated share of false negatives with its 95 % interval; null where it cannot be estimated. */
  readonly falseNegatives: (ShareEstimate & { readonly sample: number }) | null;
}

/** What thresholds are found from. */
export interface CalibrationEvidence {
  readonly survey: SurveyFigures;
  /** float32 [queries], ascending: the strictest threshold that leaves each query what it needs; Infinity: none does. */
  readonly needed: Float32Array;
  /** ascending: what the open filter measures of known pairs as if they were not known; empty where not measured */
  readonly known: Float32Array;
}

/**
 * Where the pair rule is left to itself: candidates are kept that look less like a pair than all but 5 % of the known
 * pairs do. Where that leaves too little for more than 5 % of the queries the threshold is raised until it does not, but
 * no further than all but 20 %: beyond, false negatives come in by the dozen (EXPERIMENTS.md).
 */
const SAFE_SHARE = 0.05;
const RISKY_SHARE = 0.2;
const FILLED_SHARE = 0.95;

/** @throws RangeError with advice where nothing can be found */
export function findThreshold(asked: Calibrate | undefined, evidence: CalibrationEvidence): Calibration {
  if (!asked) return byYieldAndSafety(evidence);
  if ('keepAtLeast' in asked) return byYield(asked, evidence);
  return byRate(asked.falseNegativeRate, evidence);
}

/** The safe threshold of known pairs, raised where it fills fewer than 95 % of the queries. */
function byYieldAndSafety({ survey, needed, known }: CalibrationEvidence): Calibration {
  const safe = quantile(known, SAFE_SHARE);
  const risky = quantile(known, RISKY_SHARE);
  const filling = quantile(needed, FILLED_SHARE);
  const above = Math.max(safe, Math.min(filling, risky));
  const filled = shareAtMost(needed, above);
  const why =
    above === safe
      ? `${percent(1 - SAFE_SHARE)} of the known pairs lie above it`
      : `raised from ${safe.toFixed(3)} to fill more queries; ${percent(1 - shareAtMost(known, above))} of the known pairs lie above it`;
  const short = `; only ${percent(filled)} of the queries are filled: retrieve more (mining.candidates)`;
  const met = filled >= FILLED_SHARE;
  return { above, met, why: met ? why : `${why}${short}`, falseNegatives: estimate(survey, above) };
}

function byYield(
  { keepAtLeast, forShareOfQueries }: { keepAtLeast: number; forShareOfQueries: number },
  { survey, needed }: CalibrationEvidence,
): Calibration {
  const asked = `at least ${keepAtLeast} candidates for ${percent(forShareOfQueries)} of the queries`;
  const above = Math.max(quantile(needed, forShareOfQueries), -Number.MAX_VALUE);
  if (above < Number.POSITIVE_INFINITY) {
    return {
      above,
      met: true,
      why: `the strictest that leaves ${asked}`,
      falseNegatives: estimate(survey, above),
    };
  }
  const possible = shareAtMost(needed, Number.MAX_VALUE);
  throw new RangeError(
    `mining.calibrate asks for ${asked}, but even without a threshold only ${percent(possible)} of the queries have that many; lower keepAtLeast or forShareOfQueries to at most ${Math.floor(possible * 1000) / 1000}, or retrieve more candidates`,
  );
}

/** The loosest threshold of the grid up to which the estimated rate stays at or below what was asked. */
function byRate(asked: number, { survey }: CalibrationEvidence): Calibration {
  if (survey.takenBeside.at(-1) === 0) {
    throw new RangeError(
      `mining.calibrate.falseNegativeRate cannot be estimated: no query has two positives, so none can be hidden from the miner; use keepAtLeast, and let people judge a sample of what that leaves: quarry label RUN --to sheet.jsonl, then quarry evaluate RUN --truth sheet.jsonl`,
    );
  }
  let above: number | undefined;
  for (const [i, threshold] of GRID.entries()) {
    if (survey.takenBeside[i] === 0) continue;
    if (survey.hidden[i]! / survey.takenBeside[i]! > asked) break;
    above = threshold;
  }
  if (above === undefined) {
    const first = survey.takenBeside.findIndex((count) => count > 0);
    const least = survey.hidden[first]! / survey.takenBeside[first]!;
    throw new RangeError(
      `mining.calibrate.falseNegativeRate ${asked} cannot be met: the strictest threshold that leaves anything leaves ${percent(least)} of hidden positives (${survey.hidden[first]} of ${survey.takenBeside[first]} negatives); raise it or take another filter`,
    );
  }
  const why = `the loosest with at most ${percent(asked)} of hidden positives among the negatives; hidden are known positives, which are no random sample of the unknown ones`;
  return { above, met: true, why, falseNegatives: estimate(survey, above) };
}

/** The share of hidden positives at a threshold (the grid's next one above). */
function estimate(survey: SurveyFigures, above: number): Calibration['falseNegatives'] {
  const i = GRID.findIndex((threshold) => threshold >= above);
  const sample = survey.takenBeside[i]!;
  const interval = wilsonInterval(survey.hidden[i]!, sample);
  return interval && { ...interval, sample };
}

/** The value below or at which this share of the ascending values lies. */
function quantile(ascending: Float32Array, share: number): number {
  if (ascending.length === 0) return Number.POSITIVE_INFINITY;
  return ascending[Math.min(ascending.length - 1, Math.max(0, Math.ceil(share * ascending.length) - 1))]!;
}

function shareAtMost(ascending: Float32Array, value: number): number {
  let count = 0;
  while (count < ascending.length && ascending[count]! <= value) count++;
  return ascending.length === 0 ? 0 : count / ascending.length;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
