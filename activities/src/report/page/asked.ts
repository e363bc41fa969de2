import type { Report } from '../report-schema.ts';
import { figure } from './figure.ts';
import { html, type Markup } from './html.ts';

/** What was asked: input, model, search, mining. */
export function asked(report: Report): Markup {
  const { asked: job, index } = report;
  const { model } = job;
  const n = (...path: string[]): Markup => figure(report, path, 'count');
  return html`<section id="asked">
<h2>What was asked</h2>
<dl>
<dt>Input</dt><dd><code>${job.input.path}</code> (${job.input.format})</dd>
<dt>Model</dt><dd>${model.kind} <code>${model.path}</code>, ${n('asked', 'model', 'dimension')} dimensions${model.oneRowAtATime ? ', one row at a time' : ''}; weights <code>${model.sha256.slice(0, 12)}</code></dd>
${settingsOf('Prompts', model.preprocessing)}
<dt>Search</dt><dd>${index.engine}, ${n('asked', 'candidates')} candidates per query: ${index.why}</dd>
${settingsOf('Index', index.parameters)}
${settingsOf('Mining', job.mining)}
<dt>Filters</dt><dd>${filtersOf(job.filters)}</dd>
<dt>Seed</dt><dd>${String(job.seed)}</dd>
<dt>Versions</dt><dd>${Object.entries(job.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}</dd>
</dl>
<table>
<caption>Input: rows in = rows used + equal ones + bad ones. ${unmined(report, n('counts', 'unminedQueries'))}</caption>
<thead><tr><th>rows of</th><th class="n">rows</th><th class="n">equal</th><th class="n">bad</th></tr></thead>
<tbody>
${report.inputs.map(({ name }, i) => html`<tr><th>${name}</th><td class="n">${n('inputs', String(i), 'rows')}</td><td class="n">${n('inputs', String(i), 'duplicates')}</td><td class="n">${n('inputs', String(i), 'quarantined')}</td></tr>`)}
</tbody>
</table>
${badRows(report.quarantined)}
</section>`;
}

function unmined({ counts }: Report, shown: Markup): Markup | null {
  return counts.unminedQueries === 0 ? null : html`${shown} queries without a positive were not mined.`;
}

function settingsOf(name: string, settings: Readonly<Record<string, unknown>>): Markup | null {
  const entries = flat(settings, '');
  if (entries.length === 0) return null;
  const parts = entries.map(([key, value], i) => html`${i > 0 ? ', ' : null}${key} <code>${value}</code>`);
  return html`<dt>${name}</dt><dd>${parts}</dd>`;
}

/** `self, known_positive, relative_margin (margin 0.05)` */
function filtersOf(filters: Report['asked']['filters']): Markup[] {
  return filters.map(({ name, ...parameters }, i) => {
    const set = flat(parameters, '').map(([key, value]) => `${key} ${value}`);
    return html`${i > 0 ? ', ' : null}<code>${name}</code>${set.length > 0 ? ` (${set.join(', ')})` : null}`;
  });
}

const LONG = 400;
/** A sha256, of which the first digits tell it from others. */
const HASH = /^[0-9a-f]{64}$/;
const DIGITS = 12;

/** Settings by dotted name, those that are not set left out. */
function flat(settings: Readonly<Record<string, unknown>>, above: string): [name: string, value: string][] {
  return Object.entries(settings).flatMap(([key, value]): [string, string][] => {
    if (value === undefined || value === null || value === '') return [];
    if (typeof value === 'object' && !Array.isArray(value))
      return flat(value as Record<string, unknown>, `${above}${key}.`);
    const whole = typeof value === 'string' ? value : JSON.stringify(value);
    const text = HASH.test(whole) ? whole.slice(0, DIGITS) : whole;
    return [[`${above}${key}`, text.length > LONG ? `${text.slice(0, LONG)}…` : text]];
  });
}

function badRows(rows: readonly unknown[]): Markup | null {
  if (rows.length === 0) return null;
  return html`<details><summary>The first bad rows</summary><pre>${rows.map((row) => `${JSON.stringify(row)}\n`)}</pre></details>`;
}
