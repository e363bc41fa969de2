import { axisX, barY, ruleY } from '@observablehq/plot';
import { type Colour, colour } from '../../plots/palette.ts';
import { renderPlot } from '../../plots/render-plot.ts';

/** A bar and what it counts. */
export interface Counted {
  readonly name: string;
  readonly count: number;
  readonly colour: Colour;
}

/** Counts by ordered names. Names of more than 16 bars are thinned out. */
export function countPlot(
  label: string,
  axes: { readonly x: string; readonly y: string },
  bars: readonly Counted[],
): string {
  const all = bars.reduce((sum, { count }) => sum + count, 0);
  const every = Math.ceil(bars.length / 16);
  const shares = bars.map((bar) => ({
    ...bar,
    share: all === 0 ? 0 : (100 * bar.count) / all,
    fill: colour(bar.colour),
  }));
  return renderPlot(
    { label, width: 440, height: 230 },
    {
      marginLeft: 44,
      marginRight: 4,
      marginTop: 22,
      marginBottom: 44,
      x: { domain: bars.map(({ name }) => name), label: null, padding: 0.15 },
      y: {
        label: axes.y,
        grid: true,
        ticks: 4,
        labelArrow: 'none',
        zero: true,
        tickFormat: (n: number) => `${n} %`,
      },
      marks: [
        barY(shares, { x: 'name', y: 'share', fill: 'fill' }),
        ruleY([0], { stroke: colour('muted') }),
        axisX({
          label: axes.x,
          labelAnchor: 'center',
          labelArrow: 'none',
          tickSize: 0,
          ticks: bars.map(({ name }) => name).filter((_, i) => i % every === 0),
          tickRotate: bars.length > 8 && every === 1 && bars.some(({ name }) => name.length > 3) ? -40 : 0,
        }),
      ],
    },
  );
}
