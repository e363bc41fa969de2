import type { Reason } from '@quarry/workflows';
import type { ClusterFigures } from '../mining/cluster-rows.ts';
import type { MiningFigures } from '../mining/mining-tally.ts';
import type { Retrieval } from '../mining/report-figures.ts';
import { remedy, type Shortfall, THRESHOLDS, type Threshold } from '../mining/shortfall.ts';
import type { RunDocument } from '../stages/run-document.ts';
import { calibrationAlarm } from './calibration-alarm.ts';
import type { FoundThreshold } from './false-negatives.ts';
import { count, percent } from './figure-text.ts';

/** What the advice looks at. */
export interface AdviceFigures {
  readonly mining: Pick<MiningFigures, 'funnel' | 'queriesWithFewer' | 'keptPerQuery' | 'shortfall'>;
  readonly clusters: Pick<ClusterFigures, 'clusters' | 'sizeHistogram'> | null;
  readonly retrieval: Readonly<Record<string, Retrieval>>;
  readonly recallAtK: number;
  /** Share of bad rows, 0 to 1. */
  readonly quarantined: number;
  readonly calibration: FoundThreshold | null;
}

const FEW_NEGATIVES = 0.1;
const FEW_FULL = 0.95;
const LOW_RECALL = 0.95;
const LOW_HITS = 0.3;
/** Share of the candidates that one reason drops. */
const ONE_REASON = 0.8;

/** One line for every figure that is bad enough to act upon: the figure, what it means, what to change. */
export function advice(figures: AdviceFigures, run: RunDocument): string[] {
  const { search } = run.job;
  const { mining, recallAtK, quarantined } = figures;
  const { funnel } = mining;
  const lines = [
    ...fewNegatives(mining, run),
    ...fewFullClusters(figures.clusters, run),
    ...calibrationAlarm(figures.calibration),
  ];
  if (recallAtK < LOW_RECALL) {
    lines.push(
      `The index finds ${percent(recallAtK)} of the ${run.search.k} nearest documents: raise search.efSearch (${search.efSearch ?? 2 * run.search.k}) or use search.engine: exact.`,
    );
  }
  for (const [group, { queries, 'hit@10': hits }] of Object.entries(figures.retrieval)) {
    if (queries > 0 && hits < LOW_HITS) {
      lines.push(
        `The model finds a positive among the first 10 for ${percent(hits)} of the queries of group ${group}: its candidates are hardly hard; check the prompts or take a stronger model.`,
      );
    }
  }
  for (const [reason, count] of Object.entries(funnel.dropped) as [Reason, number][]) {
    const share = funnel.candidates === 0 ? 0 : count / funnel.candidates;
    if (share > ONE_REASON && reason !== 'not_sampled') {
      lines.push(`${percent(share)} of the candidates were dropped as ${reason}: ${reasonRemedy(reason)}.`);
    }
  }
  if (quarantined > 0) {
    lines.push(
      `${percent(quarantined)} of the input rows were bad and left out: see quarantined, and mend the input.`,
    );
  }
  return lines;
}

/** Too few negatives: how many queries, and which settings would mend how many. */
function fewNegatives({ keptPerQuery, shortfall }: AdviceFigures['mining'], run: RunDocument): string[] {
  const { numNegatives, strategy } = run.job.mining;
  const kept = Object.entries(keptPerQuery).map(
    ([negatives, queries]) => [Number(negatives), queries] as const,
  );
  const all = kept.reduce((sum, [, queries]) => sum + queries, 0);
  const short = (asked: number): number =>
    kept.reduce((sum, [negatives, queries]) => sum + (negatives < asked ? queries : 0), 0);
  const fewer = short(numNegatives);
  if (all === 0 || fewer / all <= FEW_NEGATIVES) return [];
  const ways = thresholdRemedies(shortfall, run);
  let lower = numNegatives - 1;
  while (lower > 1 && short(lower) / all > FEW_NEGATIVES) lower--;
  if (lower >= 1)
    ways.push(`lower mining.numNegatives to ${lower} (then ${percent(short(lower) / all)} have fewer)`);
  if (strategy === 'saha') ways.push('raise mining.topK or mining.poolMultiplier');
  return [
    `${percent(fewer / all)} of the queries${strategy === 'saha' ? ' that anchor a cluster' : ''} (${count(fewer)}) have fewer than ${numNegatives} negatives and no n-tuple: ${ways.join(', or ')}.`,
  ];
}

/** Batches that are smaller than asked for. */
function fewFullClusters(found: AdviceFigures['clusters'], { job: { mining } }: RunDocument): string[] {
  if (!found || found.clusters === 0) return [];
  const share = (found.sizeHistogram[mining.topK + 1] ?? 0) / found.clusters;
  if (share >= FEW_FULL) return [];
  const remedy =
    mining.strategy === 'saha'
      ? 'use strategy: best, which also looks further off, or lower mining.topK'
      : 'too few queries are clean for each other; lower mining.topK';
  return [
    `${percent(share)} of the clusters are full (${mining.topK + 1} pairs); the others say how many pairs are missing: ${remedy}.`,
  ];
}

/** The setting of the job behind a threshold. */
const FIELDS: Readonly<Record<Threshold, 'relativeMargin' | 'absoluteMargin' | 'maxScore' | 'minScore'>> = {
  relative_margin: 'relativeMargin',
  absolute_margin: 'absoluteMargin',
  max_score: 'maxScore',
  min_score: 'minScore',
};

function thresholdRemedies({ values }: Shortfall, { job: { mining } }: RunDocument): string[] {
  return THRESHOLDS.flatMap((threshold) => {
    const histogram = values[threshold];
    if (!histogram) return [];
    const { value, queries } = remedy(threshold, histogram);
    const set = mining[FIELDS[threshold]];
    const where = set === undefined ? `the filter ${threshold}` : `mining.${FIELDS[threshold]} from ${set}`;
    const verb = threshold === 'max_score' ? 'raise' : 'lower';
    return `${verb} ${where} to ${Number(value.toFixed(3))} (fills up to ${count(queries)} of them)`;
  });
}

function reasonRemedy(reason: Reason): string {
  switch (reason) {
    case 'unowned':
      return 'most documents belong to no query, which SaHa cannot judge; use mining.unowned: keep or strategy: margin';
    case 'relative_margin':
    case 'absolute_margin':
    case 'max_score':
    case 'min_score':
      return 'the threshold is very strict for this model; look at the score histograms';
    case 'claimed':
    case 'owner_used':
      return 'few queries make clusters of their own; lower mining.topK for more and smaller ones';
    default:
      return 'look at the table of candidates to see why';
  }
}
