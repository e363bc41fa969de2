import { bytes, count, duration, percent, score } from '../figure-text.ts';
import { html, type Markup } from './html.ts';

/** How a figure is written. */
export const FORMATS = { bytes, count, duration, percent, score } as const;
export type Format = keyof typeof FORMATS;

/**
 * A figure of the report, fetched by its path there, so that the page cannot say another one. It stands as `<data>` with
 * its exact value and its JSON pointer (RFC 6901).
 *
 * @throws RangeError where the report has no number there
 */
export function figure(report: object, path: readonly string[], format: Format): Markup {
  const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], report);
  const pointer = path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  if (typeof value !== 'number') throw new RangeError(`the report has no number at ${pointer}`);
  return html`<data value="${value}" data-figure="${pointer}" data-format="${format}">${FORMATS[format](value)}</data>`;
}
