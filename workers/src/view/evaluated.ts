import type { EqualHardness, Scale, SeriesRun } from '@quarry/activities/evaluation/compare-runs';
import type { Counted } from '@quarry/activities/evaluation/evaluate-run';
import { columns, count } from './format.ts';

const HEADER = ['', 'negatives', 'judged', 'false', 'rate', '95 %', 'score', 'ratio', 'attainable', 'filled'];
const RIGHT = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Every run with its tables and rank bands, then the runs side by side at equal hardness. */
export function evaluatedLines(
  runs: readonly SeriesRun[],
  equalHardness: readonly EqualHardness[],
  notes: readonly string[],
): readonly string[] {
  const rows = runs.flatMap(({ series, evaluation }, i) => {
    const { run, table, ratio, attainable, filled, bands } = evaluation;
    return [
      ...(runs[i - 1]?.evaluation.run === run ? [] : [[`${run} (${series})`]]),
      [`  ${table}`, ...cells(evaluation), decimal(ratio), decimal(attainable), percent(filled)],
      ...bands.map((band) => [`    rank ${band.band}`, ...cells(band)]),
    ];
  });
  return [
    ...columns([HEADER, ...rows], RIGHT),
    '',
    ...scalesOf(equalHardness).flatMap((scale) => [...equalLines(equalHardness, scale), '']),
    'false: negatives that the truth calls relevant, of those judged. score: mean score of the negatives; ratio: to the',
    "positives'; attainable: to the 10 hardest true negatives. filled: queries with as many negatives as asked for.",
    ...notes.map((note) => `Note: ${note}.`),
  ];
}

function cells({ negatives, judged, falseNegatives, rate, low, high, meanHardness }: Counted): string[] {
  const interval = low === null || high === null ? '-' : `${percent(low)} to ${percent(high)}`;
  return [
    count(negatives),
    count(judged),
    count(falseNegatives),
    rate === null ? '-' : percent(rate),
    interval,
    decimal(meanHardness),
  ];
}

function scalesOf(equalHardness: readonly EqualHardness[]): readonly Scale[] {
  return [...new Set(equalHardness.map(({ scale }) => scale))];
}

function equalLines(equalHardness: readonly EqualHardness[], scale: Scale): readonly string[] {
  const levels = equalHardness.filter((level) => level.scale === scale);
  const series = Object.keys(levels[0]!.rates);
  const name = scale === 'meanHardness' ? 'mean score' : scale;
  return columns(
    [
      [`false at equal ${name}`, ...series],
      ...levels.map(({ hardness, rates }) => [
        `  ${hardness.toFixed(2)}`,
        ...series.map((one) => (rates[one] === null ? '-' : percent(rates[one]!))),
      ]),
    ],
    series.map((_, i) => i + 1),
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}

function decimal(value: number | null): string {
  return value === null ? '-' : value.toFixed(3);
}
