import type { Funnel, Reason } from '@quarry/workflows';
import type { Retrieval } from '../mining/report-figures.ts';
import type { RunDocument } from '../stages/run-document.ts';

/** What the advice looks at. */
export interface AdviceFigures {
  readonly funnel: Funnel;
  readonly queriesWithFewer: number;
  readonly retrieval: Readonly<Record<string, Retrieval>>;
  readonly recallAtK: number;
  /** Share of bad rows, 0 to 1. */
  readonly quarantined: number;
}

const FEW_NEGATIVES = 0.1;
const LOW_RECALL = 0.95;
const LOW_HITS = 0.3;
/** Share of the candidates that one reason drops. */
const ONE_REASON = 0.8;

/** One line for every figure that is bad enough to act upon: the figure, what it means, what to change. */
export function advice(figures: AdviceFigures, run: RunDocument): string[] {
  const { mining, search } = run.job;
  const { funnel, recallAtK, quarantined } = figures;
  const lines: string[] = [];
  const fewer = run.plan.queries === 0 ? 0 : figures.queriesWithFewer / run.plan.queries;
  if (fewer > FEW_NEGATIVES) {
    lines.push(
      `${percent(fewer)} of the queries have fewer than ${mining.numNegatives} negatives and no n-tuple: ${remedy(run)}.`,
    );
  }
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

function remedy({ job: { mining } }: RunDocument): string {
  if (mining.strategy === 'saha')
    return 'lower mining.numNegatives, or raise mining.topK or mining.poolMultiplier';
  const set = (['relativeMargin', 'absoluteMargin', 'maxScore', 'minScore', 'rangeMax'] as const).filter(
    (name) => mining[name] !== undefined,
  );
  return set.length === 0
    ? 'lower mining.numNegatives'
    : `lower mining.numNegatives or relax ${set.map((name) => `mining.${name} (${mining[name]})`).join(', ')}`;
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

/** `41 %`, `0.7 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toPrecision(2)} %`;
}
