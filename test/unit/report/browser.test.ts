import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { examplesPage } from '@quarry/activities/report/page/examples-page';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../support/chromium.ts';
import { type Reported, reportedRun } from './reported-run.ts';

const found = findChromium();
if ('missing' in found) console.warn(`skipped: the report in a browser: ${found.missing}`);

const DESK = { width: 1200, height: 900 };
const PHONE = { width: 390, height: 844 };
/** Texts that break pages: no place to break, other directions, markup, many lines. */
const HARD = [
  'W'.repeat(400),
  'https://example.org/a/very/long/path?'.padEnd(300, 'x=1&'),
  'שלום עולם مرحبا بالعالم 😀👩‍👩‍👧',
  '<b onclick="alert(1)">bold</b><script>document.title = "hacked"</script>',
  'line\n'.repeat(40),
];

describe.skipIf('missing' in found)('the report in Chromium', () => {
  let browser: Browser;
  let directory: string;
  let made: Reported;
  beforeAll(async () => {
    if ('missing' in found) return;
    directory = await mkdtemp(join(tmpdir(), 'quarry-browser-'));
    browser = await chromium.launch({ executablePath: found.path, args: ['--no-sandbox'] });
    made = await reportedRun({
      strategy: 'saha',
      text: (side, row) => `${side} ${row} ${HARD[row % HARD.length]}`,
    });
  });
  afterAll(async () => {
    await browser?.close();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  /** Opens a page as a file; `complaints` are what the browser had to say, and what it wanted from elsewhere. */
  async function opened(html: string, viewport: typeof DESK, colorScheme: 'light' | 'dark') {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(request.url()));
    const path = join(directory, 'page.html');
    await writeFile(path, html);
    const url = pathToFileURL(path).href;
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(url);
    return { page, complaints, close: () => context.close() };
  }

  /** What sticks out of the page to the right, with everything unfolded. */
  function overflowing(page: Page): Promise<string[]> {
    return page.evaluate(`(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
      const width = document.documentElement.clientWidth;
      return [...document.querySelectorAll('body *')]
        .filter((element) => !element.closest('svg') && element.getBoundingClientRect().right > width + 0.5)
        .map((element) => element.tagName + ' ' + element.textContent.slice(0, 40))
        .concat(document.documentElement.scrollWidth > width ? ['page'] : []);
    })()`);
  }

  test.each([
    ['desk', DESK, 'light'],
    ['desk', DESK, 'dark'],
    ['phone', PHONE, 'light'],
    ['phone', PHONE, 'dark'],
  ] as const)(
    'on a %s, %o, %s: nothing sticks out, nothing is asked for, nobody complains',
    async (_, viewport, scheme) => {
      const { page, complaints, close } = await opened(made.page, viewport, scheme);
      expect(await overflowing(page)).toEqual([]);
      expect(await page.title()).toBe('fabricated: Quarry report');
      expect(complaints).toEqual([]);
      expect(await page.evaluate('document.querySelectorAll("figure svg").length')).toBeGreaterThanOrEqual(4);
      const [ground, text] = (await page.evaluate(
        '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]',
      )) as [string, string];
      expect(luminance(ground) > luminance(text)).toBe(scheme === 'light');
      await close();
    },
  );

  test('on paper all examples are there, dark on light', async () => {
    const { page, close } = await opened(made.page, DESK, 'dark');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const shown = await page.evaluate(
      `[...document.querySelectorAll('details.example li')].filter((item) => item.checkVisibility({ contentVisibilityAuto: true })).length`,
    );
    const all = made.report.examples.reduce(
      (sum, { candidates, shownPositives }) => sum + candidates.length + shownPositives.length,
      0,
    );
    expect(shown).toBe(all);
    expect(luminance(String(await page.evaluate('getComputedStyle(document.body).color')))).toBeLessThan(60);
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
    await close();
  });

  test('a page of inspected queries has the same look and the same manners', async () => {
    const html = examplesPage('run-1', made.report.examples);
    for (const viewport of [DESK, PHONE]) {
      const { page, complaints, close } = await opened(html, viewport, 'light');
      expect(await overflowing(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    }
  });
});

/** Mean of the channels of `rgb(r, g, b)`. */
function luminance(colour: string): number {
  const channels = colour.match(/\d+/g)!.slice(0, 3).map(Number);
  return channels.reduce((sum, channel) => sum + channel, 0) / 3;
}
