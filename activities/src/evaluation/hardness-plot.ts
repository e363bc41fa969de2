import { axisX, axisY, dot, lineY, ruleX, selectLast, text } from '@observablehq/plot';
import { colour, SERIES } from '../plots/palette.ts';
import { renderPlot, svgFile } from '../plots/render-plot.ts';
import { SCALES, type Scale, type SeriesRun } from './compare-runs.ts';

const LABELS: Readonly<Record<Scale, string>> = {
  attainable: 'hardness: mean score / that of the 10 hardest true negatives',
  ratio: "hardness: mean score / the positives'",
  meanHardness: 'hardness: mean score',
};

/**
 * False-negative rate over hardness as an SVG file: a line per series through its runs, a whisker of 95 % at each. The
 * scale is the first of `attainable`, `ratio` and mean score that every run has. Null where no run was judged.
 */
export function hardnessPlot(runs: readonly SeriesRun[]): string | null {
  const judged = runs.filter(({ evaluation }) => evaluation.rate !== null);
  const scale = SCALES.find((one) => judged.every(({ evaluation }) => evaluation[one] !== null));
  if (judged.length === 0 || scale === undefined) return null;
  const points = judged
    .map(({ series, evaluation: { run, rate, low, high, [scale]: hardness } }) => ({
      series,
      run,
      hardness: hardness!,
      rate: 100 * rate!,
      low: 100 * low!,
      high: 100 * high!,
    }))
    .sort((a, b) => a.hardness - b.hardness);
  const series = [...new Set(points.map((point) => point.series))];
  const drawn = renderPlot(
    { label: 'False negatives over hardness', width: 720, height: 420 },
    {
      marginLeft: 50,
      marginBottom: 45,
      marginRight: 120,
      x: { nice: true, label: null },
      y: { nice: true, zero: true, label: null, grid: true },
      color: {
        domain: series,
        range: series.map((_, i) => colour(SERIES[i % SERIES.length]!)),
      },
      marks: [
        axisX({ label: LABELS[scale] }),
        axisY({ label: 'false negatives, %' }),
        ruleX(points, { x: 'hardness', y1: 'low', y2: 'high', stroke: 'series' }),
        lineY(points, { x: 'hardness', y: 'rate', stroke: 'series', z: 'series' }),
        dot(points, { x: 'hardness', y: 'rate', fill: 'series', r: 3.5, title: 'run' }),
        text(
          points,
          selectLast({ x: 'hardness', y: 'rate', z: 'series', text: 'series', textAnchor: 'start', dx: 8 }),
        ),
      ],
    },
  );
  return svgFile(drawn);
}
