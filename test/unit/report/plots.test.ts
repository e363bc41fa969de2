import { dot, lineY } from '@observablehq/plot';
import { colour, paletteStyle, SERIES } from '@quarry/activities/plots/palette';
import { renderPlot, svgFile } from '@quarry/activities/plots/render-plot';
import { expect, test } from 'vitest';

const points = [
  { x: 1, y: 2, name: '<script>alert("a")</script> & co' },
  { x: 2, y: 5, name: 'b' },
];
const draw = (): string =>
  renderPlot(
    { label: 'recall < 1 & "more"', width: 400, height: 200 },
    {
      marks: [
        lineY(points, { x: 'x', y: 'y', stroke: colour('kept') }),
        dot(points, { x: 'x', y: 'y', title: 'name' }),
      ],
    },
  );

test('a plot is drawn as SVG without a browser, the same each time', () => {
  const svg = draw();
  expect(svg).toMatch(/^<svg /);
  expect(svg).toContain('width="400"');
  expect(svg).toContain('stroke="var(--kept, #0072b2)"');
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(draw()).toBe(svg);
});

test('texts from outside are escaped, in elements and in attributes', () => {
  const svg = draw();
  expect(svg).toContain('aria-label="recall &lt; 1 &amp; &quot;more&quot;"');
  expect(svg).not.toContain('<script');
  expect(svg).toContain('&lt;script&gt;');
});

test('a plot as a file of its own names its namespace, stands on white and needs no variables', () => {
  const file = svgFile(draw());
  expect(file).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(file).toContain('fill="white"');
  expect(file).toContain('stroke="#0072b2"');
  expect(file).not.toContain('var(');
});

test('every colour has a variant for light and for dark ground', () => {
  for (const ground of ['light', 'dark'] as const)
    for (const name of SERIES) expect(paletteStyle(ground)).toMatch(new RegExp(`--${name}:#[0-9a-f]{6}`));
  expect(paletteStyle('light')).not.toBe(paletteStyle('dark'));
});
