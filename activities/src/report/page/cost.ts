import type { Report } from '../report-schema.ts';
import { figure } from './figure.ts';
import { html, type Markup } from './html.ts';

/** What each stage cost in this execution, and how much of it lay in the cache. */
export function cost(report: Report): Markup {
  const { stages } = report.execution;
  const all = Object.values(stages).reduce((sum, { seconds }) => sum + seconds, 0);
  const row = (name: string): Markup => {
    const { seconds, rowsPerSecond } = stages[name]!;
    const path = ['execution', 'stages', name];
    const rate =
      rowsPerSecond === null ? null : html`${figure(report, [...path, 'rowsPerSecond'], 'count')}/s`;
    return html`<tr><th>${name}</th><td class="n">${figure(report, [...path, 'computed'], 'count')}</td><td class="n desk">${figure(report, [...path, 'reused'], 'count')}</td><td class="n desk">${figure(report, [...path, 'rows'], 'count')}</td><td class="n">${rate}</td><td class="n">${figure(report, [...path, 'seconds'], 'duration')}</td><td class="bars desk"><span class="bar" style="--share:${(all === 0 ? 0 : seconds / all).toFixed(4)}"></span></td></tr>`;
  };
  return html`<section id="cost">
<h2>Cost</h2>
<p>Started ${report.execution.startedAt}. At least one stage computed during ${figure(report, ['execution', 'busySeconds'], 'duration')}; what lay in the cache cost nothing.</p>
<table>
<thead><tr><th>stage</th><th class="n">computed</th><th class="n desk">reused</th><th class="n desk">rows</th><th class="n">rate</th><th class="n">time</th><th class="bars desk"></th></tr></thead>
<tbody>${Object.keys(stages).map(row)}</tbody>
</table>
<p class="note">Units computed and reused; rows per second of computing; time is summed over the units, however many ran at once.</p>
</section>`;
}
