import { barX, type PlotOptions, ruleX } from '@observablehq/plot';
import { colour } from '@quarry/activities/plots/palette';
import { renderPlot, svgFile } from '@quarry/activities/plots/render-plot';
import type { Rate } from './tables.ts';

/** False-negative rates at attainable hardness .8, by set and method, with their intervals. */
export function ratesPlot(rates: readonly Rate[]): string {
  const shown = rates.filter(
    ({ scale, hardness, rate }) => scale === 'attainable' && hardness === 0.8 && rate !== null,
  );
  const rows = shown.map((rate) => ({ ...rate, percent: rate.rate! * 100 }));
  const sets = new Set(rows.map(({ set }) => set)).size;
  const options: PlotOptions = {
    marginLeft: 170,
    marginRight: 70,
    x: { label: 'false negatives, % (attainable hardness .8)', grid: true },
    y: { label: null },
    fy: { label: null },
    marks: [
      barX(rows, { x: 'percent', y: 'method', fy: 'set', fill: colour('kept'), sort: { y: null } }),
      ruleX([0]),
    ],
  };
  return svgFile(
    renderPlot(
      { label: 'False-negative rates by set and method', width: 760, height: 60 + 190 * sets },
      options,
    ),
  );
}
