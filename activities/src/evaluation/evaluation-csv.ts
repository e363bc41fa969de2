import type { SeriesRun } from './compare-runs.ts';
import type { Counted, Evaluation } from './evaluate-run.ts';

const HEADER = [
  'run',
  'series',
  'strategy',
  'table',
  'band',
  'negatives',
  'judged',
  'false_negatives',
  'rate',
  'low',
  'high',
  'mean_hardness',
  'ratio',
  'attainable',
  'filled',
  'reached',
];

/** Evaluations as CSV (RFC 4180): a row per table of a run (`band` all) and per rank band; empty where unknown. */
export function evaluationCsv(runs: readonly SeriesRun[]): string {
  const rows = runs.flatMap(({ series, evaluation }) => [
    row(series, evaluation, 'all', evaluation),
    ...evaluation.bands.map((band) => row(series, evaluation, band.band, band)),
  ]);
  return [HEADER, ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

function row(series: string, evaluation: Evaluation, band: string, counted: Counted): unknown[] {
  const { run, strategy, table, ratio, attainable, filled, reached } = evaluation;
  const { negatives, judged, falseNegatives, rate, low, high, meanHardness } = counted;
  const whole = band === 'all' ? [ratio, attainable, filled, reached] : [null, null, null, null];
  return [
    run,
    series,
    strategy,
    table,
    band,
    negatives,
    judged,
    falseNegatives,
    rate,
    low,
    high,
    meanHardness,
    ...whole,
  ];
}

function cell(value: unknown): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
