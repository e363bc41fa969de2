import type { Report } from '../report-schema.ts';
import { countPlot } from './count-plot.ts';
import { plotFigure } from './document.ts';
import { figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { isKnown, meaningOf } from './reason-meaning.ts';

/** What came out: the funnel, the negatives of a query, the tables. */
export function outcome(report: Report): Markup {
  return html`<section id="out">
<h2>What came out</h2>
${funnelTable(report)}
<div class="plots">
${negativesPerQuery(report)}
${negativeRanks(report)}
</div>
${clusters(report)}
${tables(report)}
</section>`;
}

function funnelTable(report: Report): Markup {
  const { dropped } = report.funnel;
  const reasons = Object.entries(dropped).toSorted(([, a], [, b]) => b.count - a.count);
  const row = (name: Markup, path: string[], kind: string, share: number): Markup =>
    html`<tr><th>${name}</th><td class="n">${figure(report, [...path, 'count'], 'count')}</td><td class="n">${figure(report, [...path, 'share'], 'percent')}</td><td class="bars"><span class="bar ${kind}" style="--share:${share.toFixed(4)}"></span></td></tr>`;
  return html`<table>
<caption>The funnel: every candidate is kept, or dropped for one reason.</caption>
<thead><tr><th>candidates</th><th class="n">count</th><th class="n">share</th><th class="bars"></th></tr></thead>
<tbody>
<tr class="whole"><th>retrieved</th><td class="n">${figure(report, ['funnel', 'candidates'], 'count')}</td><td class="n"></td><td class="bars"></td></tr>
${reasons.map(([reason, { share }]) => row(html`<code>${reason}</code> <span class="note desk">${meaningOf(reason)}</span>`, ['funnel', 'dropped', reason], isKnown(reason) ? 'known' : 'dropped', share))}
${row(html`<b>kept</b> <span class="note desk">as negatives</span>`, ['funnel', 'kept'], 'kept', report.funnel.kept.share)}
</tbody>
</table>`;
}

function negativesPerQuery(report: Report): Markup | null {
  const { perQuery, asked } = report.negatives;
  const kept = Object.keys(perQuery).map(Number);
  if (kept.length === 0) return null;
  const most = Math.max(asked, ...kept);
  const bars = Array.from({ length: most + 1 }, (_, n) => ({
    name: String(n),
    count: perQuery[n] ?? 0,
    colour: n < asked ? ('dropped' as const) : ('kept' as const),
  }));
  const reading = html`${figure(report, ['negatives', 'queriesWithFewer'], 'count')} queries keep fewer than the ${figure(report, ['negatives', 'asked'], 'count')} that an n-tuple asks for (orange).`;
  return plotFigure(
    'Negatives of a query',
    reading,
    countPlot(
      'Share of queries by the number of negatives they keep',
      { x: 'negatives kept', y: 'queries' },
      bars,
    ),
  );
}

function negativeRanks(report: Report): Markup | null {
  if (report.funnel.kept.count === 0) return null;
  const bars = trimmed(report.negatives.ranks).map(([name, count]) => ({
    name,
    count,
    colour: 'kept' as const,
  }));
  return plotFigure(
    'Where the negatives come from',
    'Rank of the kept among all candidates of their query: the further left, the harder.',
    countPlot('Share of kept negatives by rank', { x: 'rank', y: 'negatives' }, bars),
  );
}

/** Without the empty bins at the end. */
export function trimmed(counts: Readonly<Record<string, number>>): [string, number][] {
  const entries = Object.entries(counts);
  const last = entries.findLastIndex(([, count]) => count > 0);
  return entries.slice(0, Math.max(3, last + 1));
}

function clusters(report: Report): Markup | null {
  if (!report.clusters) return null;
  const n = (...path: string[]): Markup => figure(report, ['clusters', ...path], 'count');
  const [first, second] =
    report.strategy === 'best'
      ? (['hold candidates of their anchor alone', 'pairs from further off as well'] as const)
      : (['were made in the first phase', 'in the second'] as const);
  return html`<p>${n('clusters')} clusters of in-batch training with ${n('members')} pairs beside the anchors; ${n('full', 'count')} (${figure(report, ['clusters', 'full', 'share'], 'percent')}) are full, with ${n('asked')} pairs; ${n('phases', '0')} ${first}, ${n('phases', '1')} ${second}. ${figure(report, ['clusters', 'unownedShare'], 'percent')} of the kept candidates have no owner: of them only the score is known.</p>`;
}

function tables(report: Report): Markup {
  return html`<table>
<caption>Tables under <code>data/</code>, Parquet. ${report.verification}.</caption>
<thead><tr><th>table</th><th class="n">rows</th><th class="n">files</th><th class="n">size</th></tr></thead>
<tbody>${report.tables.map(({ table }, i) => html`<tr><th>${table}</th><td class="n">${figure(report, ['tables', String(i), 'rows'], 'count')}</td><td class="n">${figure(report, ['tables', String(i), 'files'], 'count')}</td><td class="n">${figure(report, ['tables', String(i), 'bytes'], 'bytes')}</td></tr>`)}</tbody>
</table>`;
}
