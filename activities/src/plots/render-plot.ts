import { type PlotOptions, plot } from '@observablehq/plot';
import { DOMParser } from 'linkedom';
import { withoutVariables } from './palette.ts';

/** What a plot says to those who do not see it, and its size in CSS pixels. */
export interface Frame {
  readonly label: string;
  readonly width: number;
  readonly height: number;
}

const FONT = 'font-family:inherit;font-size:12px;overflow:visible';

/**
 * Draws a plot as `<svg>`, to stand in an HTML page: the text takes the page's colour, the marks those of
 * `palette.ts`. No browser is needed, and equal options give equal text. About 30 ms; the first also loads the
 * libraries (0.4 s), so load this module when there is something to draw.
 */
export function renderPlot({ label, width, height }: Frame, options: PlotOptions): string {
  const document = new DOMParser().parseFromString('<svg/>', 'image/svg+xml');
  const drawn = plot({ ...options, document, width, height, ariaLabel: label });
  drawn.setAttribute('style', FONT);
  drawn.setAttribute('role', 'img');
  return drawn.outerHTML;
}

/** A drawn plot as a file of its own (`.svg`), in light colours on white. */
export function svgFile(svg: string): string {
  const ground = '<rect width="100%" height="100%" fill="white"/>';
  const framed = svg.replace(
    /^<svg([^>]*)>/,
    (_, attributes: string) => `<svg xmlns="http://www.w3.org/2000/svg"${attributes}>${ground}`,
  );
  return `${withoutVariables(framed)}\n`;
}
