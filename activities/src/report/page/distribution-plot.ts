import { areaY, ruleX, text } from '@observablehq/plot';
import type { Histogram } from '../../mining/histogram.ts';
import { type Colour, colour } from '../../plots/palette.ts';
import { renderPlot } from '../../plots/render-plot.ts';
import { count } from '../figure-text.ts';

/** One distribution among several over the same axis. */
export interface Distribution {
  readonly name: string;
  readonly colour: Colour;
  readonly histogram: Histogram;
}

const WIDTH = 440;
const ROW = 44;
const MARGINS = { marginLeft: 128, marginRight: 12, marginTop: 14, marginBottom: 34 };

/**
 * Distributions one below the other, each as high as its own largest bin: shapes and places are compared, not counts,
 * which stand beside the names.
 */
export function distributionPlot(label: string, axis: string, rows: readonly Distribution[]): string {
  const [from, to] = extent(rows.map(({ histogram }) => histogram));
  const steps = rows.flatMap(({ histogram, colour: name }, row) => stepsOf(histogram, row, from, to, name));
  const names = rows.map(({ name, histogram, colour: shade }, row) => ({
    row: row + 0.62,
    name: `${name}\n${count(sum(histogram))}`,
    fill: colour(shade),
  }));
  return renderPlot(
    { label, width: WIDTH, height: rows.length * ROW + MARGINS.marginTop + MARGINS.marginBottom },
    {
      ...MARGINS,
      x: { domain: [from, to], label: axis, labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
      y: { domain: [rows.length, 0], axis: null },
      marks: [
        ruleX(
          [0].filter((zero) => zero >= from && zero <= to),
          { stroke: colour('faint') },
        ),
        areaY(steps, {
          x: 'x',
          y1: 'base',
          y2: 'top',
          z: 'row',
          fill: 'fill',
          fillOpacity: 0.75,
          curve: 'step-after',
        }),
        text(names, {
          x: from,
          y: 'row',
          text: 'name',
          fill: 'fill',
          textAnchor: 'end',
          dx: -10,
          lineAnchor: 'middle',
        }),
      ],
    },
  );
}

function sum({ bins, under, over }: Histogram): number {
  return bins.reduce((total, n) => total + n, under + over);
}

/** The common stretch of the axis that holds something, with a bin of air at both ends. */
function extent(histograms: readonly Histogram[]): readonly [number, number] {
  const { from, to, bins } = histograms[0]!;
  const used = bins.map((_, bin) => histograms.some((histogram) => histogram.bins[bin]! > 0));
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)];
  const edge = (bin: number): number => from + ((to - from) * bin) / bins.length;
  if (first < 0) return [from, to];
  return [edge(Math.max(0, first - 1)), edge(Math.min(bins.length, last + 2))];
}

function stepsOf(
  { from, to, bins }: Histogram,
  row: number,
  start: number,
  end: number,
  shade: Colour,
): { x: number; base: number; top: number; row: number; fill: string }[] {
  const highest = Math.max(1, ...bins);
  const width = (to - from) / bins.length;
  const base = row + 0.94;
  const edges = bins.map((n, bin) => ({ x: from + bin * width, n }));
  edges.push({ x: to, n: 0 });
  return edges
    .filter(({ x }) => x >= start - width / 2 && x <= end + width / 2)
    .map(({ x, n }) => ({ x, base, top: base - 0.86 * (n / highest), row, fill: colour(shade) }));
}
