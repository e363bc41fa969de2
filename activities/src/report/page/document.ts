import { html, type Markup, type Part, trusted } from './html.ts';
import { STYLESHEET } from './stylesheet.ts';

/**
 * A whole page in one file. Its policy forbids scripts and every load from elsewhere, so that no text of a data set can do
 * anything but be read.
 */
export function pageDocument(title: string, body: Part): string {
  const head = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(STYLESHEET)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
  return head.text;
}

/** A plot with what it shows and how to read it. */
export function plotFigure(title: string, reading: Part, svg: string): Markup {
  return html`<figure><figcaption><b>${title}</b>${reading}</figcaption>${trusted(svg)}</figure>`;
}
