import { readFile } from 'node:fs/promises';
import { FORMATS, type Format } from '@quarry/activities/report/page/figure';
import { reportPage } from '@quarry/activities/report/page/report-page';
import type { Report } from '@quarry/activities/report/report-schema';
import { reportFileSchema } from '@quarry/workers/report-file-schema';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Reported, reportedRun } from './reported-run.ts';

const NASTY =
  '</style><script>alert(1)</script><img src="http://evil.example/x" onerror=alert(2)> & "quoted"';
const text = (side: string, row: number): string => `${side} ${row} ${NASTY}`;

/** What a JSON pointer (RFC 6901) names. */
function at(report: Report, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<unknown>(
    (value, key) => (value as Record<string, unknown>)[key.replaceAll('~1', '/').replaceAll('~0', '~')],
    report,
  );
}

describe.each(['saha', 'margin'] as const)('the report of a run by %s', (strategy) => {
  let made: Reported;
  let document: ReturnType<typeof parseHTML>['document'];
  beforeAll(async () => {
    made = await reportedRun({ strategy, text });
    document = parseHTML(made.page).document;
  });

  test('report.json is what the published schema says', () => {
    const validate = new Ajv2020().compile(reportFileSchema());
    expect(validate(made.report), JSON.stringify(validate.errors)).toBe(true);
  });

  test('every figure of the page is one of report.json, as it is written there', () => {
    const figures = [...document.querySelectorAll('data')];
    expect(figures.length).toBeGreaterThan(40);
    for (const figure of figures) {
      const pointer = figure.getAttribute('data-figure')!;
      const value = at(made.report, pointer);
      expect(Number(figure.getAttribute('value')), pointer).toBe(value);
      const format = FORMATS[figure.getAttribute('data-format') as Format];
      expect(figure.textContent, pointer).toBe(format(value as number));
    }
  });

  test('the funnel of the page is complete', () => {
    const shown = [...document.querySelectorAll('data')].map((figure) => figure.getAttribute('data-figure'));
    const { dropped } = made.report.funnel;
    const counts = Object.keys(dropped).map((reason) => `/funnel/dropped/${reason}/count`);
    expect(shown).toEqual(expect.arrayContaining([...counts, '/funnel/kept/count', '/funnel/candidates']));
  });

  test('it stands alone: no script, nothing from elsewhere, and a policy that forbids both', () => {
    expect(document.querySelectorAll('script, link[rel=stylesheet], iframe, object')).toHaveLength(0);
    for (const element of document.querySelectorAll('[src], [href]'))
      expect(element.getAttribute('src') ?? element.getAttribute('href')).toMatch(/^(#|data:)/);
    expect(made.page).toContain("default-src 'none'");
    expect(made.page).not.toMatch(/url\(|@import/);
  });

  test('it is a pure function of report.json', () => {
    expect(reportPage(made.report)).toBe(made.page);
  });
});

test('texts of a job and of its data are escaped', async () => {
  const { report: plain } = await reportedRun({ queries: 8, text });
  const hostile: Report = {
    ...plain,
    job: { ...plain.job, name: NASTY },
    asked: { ...plain.asked, input: { format: NASTY, path: NASTY }, mining: { [NASTY]: NASTY } },
    quarantined: [{ reason: NASTY }],
    retrieval: { [NASTY]: plain.retrieval.default! },
    advice: [NASTY],
  };
  const { document } = parseHTML(reportPage(hostile));
  expect(document.querySelectorAll('script, img')).toHaveLength(0);
  expect(document.querySelectorAll('style')[0]!.textContent).not.toContain('alert');
  expect(document.querySelector('h1')!.textContent).toBe(NASTY);
  expect(document.querySelector('.advice li')!.textContent).toBe(NASTY);
});

test('images are shown by their thumbnails, their paths beside them', async () => {
  const { report: plain } = await reportedRun({ queries: 8, text });
  const [first] = plain.examples;
  const image = { path: `${NASTY}.jpg`, thumbnail: 'data:image/webp;base64,UklGRg==' };
  const pictured: Report = {
    ...plain,
    examples: [{ ...first!, query: { id: 'q', text: '', image }, candidates: [], shownPositives: [] }],
  };
  const { document } = parseHTML(reportPage(pictured));
  const images = [...document.querySelectorAll('img')];
  expect(images.map((found) => [found.getAttribute('src'), found.getAttribute('alt')])).toEqual([
    [image.thumbnail, image.path],
  ]);
  expect(document.querySelector('summary')!.textContent).toBe(image.path);
});

test('the published JSON schema is current: npm run schema -w workers writes it', async () => {
  const published = await readFile(new URL('../../../workers/report.schema.json', import.meta.url), 'utf8');
  expect(published).toBe(`${JSON.stringify(reportFileSchema(), null, 2)}\n`);
});
