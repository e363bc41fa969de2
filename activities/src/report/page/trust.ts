import { RETRIEVAL_MEASURES } from '../../mining/retrieval-metrics.ts';
import type { Report } from '../report-schema.ts';
import { countPlot } from './count-plot.ts';
import { type Distribution, distributionPlot } from './distribution-plot.ts';
import { plotFigure } from './document.ts';
import { figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { trimmed } from './outcome.ts';
import { isKnown } from './reason-meaning.ts';

/** May I trust it: scores, retrieval of what is known, recall, owners. */
export function trust(report: Report): Markup {
  return html`<section id="trust">
<h2>May I trust it</h2>
${falseNegatives(report)}
${calibration(report)}
<div class="plots">
${scores(report)}
${positiveRanks(report)}
${owners(report)}
</div>
${recall(report)}
${groups(report)}
${minedGroups(report)}
</section>`;
}

function falseNegatives(report: Report): Markup {
  const { estimate, why } = report.falseNegatives;
  const at = (key: string, format: 'percent' | 'count'): Markup =>
    figure(report, ['falseNegatives', 'estimate', key], format);
  return html`<h3>How many negatives are false</h3>
${
  estimate
    ? html`<p>About <b>${at('rate', 'percent')}</b> (95 % interval ${at('low', 'percent')} to ${at('high', 'percent')}, from ${at('sample', 'count')} negatives): ${why}.</p>`
    : html`<p>Not known: ${why}.</p>`
}`;
}

/** The threshold that the run found by itself, and whether it does what was asked of it. */
function calibration(report: Report): Markup | null {
  if (!report.calibration) return null;
  const { filter, met, why } = report.calibration;
  return html`<h3>The threshold</h3>
<p>The run found the threshold of <code>${filter}</code> by itself: candidates above ${figure(report, ['calibration', 'above'], 'score')} are dropped, ${why}.${met ? null : html` <b>What was asked for is not met.</b>`}</p>`;
}

function scores(report: Report): Markup {
  const { positive, kept, dropped } = report.scores;
  const rows: Distribution[] = [
    { name: 'positives', colour: 'positive', histogram: positive },
    { name: 'kept', colour: 'kept', histogram: kept },
    ...Object.entries(dropped)
      .toSorted(([, a], [, b]) => b.bins.reduce((x, y) => x + y, 0) - a.bins.reduce((x, y) => x + y, 0))
      .map(
        ([name, histogram]): Distribution => ({
          name,
          colour: isKnown(name) ? 'positive' : 'dropped',
          histogram,
        }),
      ),
  ];
  return plotFigure(
    'Scores',
    'Similarity to the query, each row by its own height. Negatives are hard where the kept lie near the positives; where they reach into them, look for false ones.',
    distributionPlot('Score distributions of positives, kept and dropped candidates', 'score', rows),
  );
}

function positiveRanks(report: Report): Markup | null {
  const groups = Object.values(report.retrieval);
  const counts: Record<string, number> = {};
  for (const { firstPositive } of groups) {
    for (const [bin, n] of Object.entries(firstPositive)) counts[bin] = (counts[bin] ?? 0) + n;
  }
  const { missed = 0, ...ranks } = counts;
  if (Object.values(counts).every((n) => n === 0)) return null;
  const bars = [
    ...trimmed(ranks).map(([name, count]) => ({ name, count, colour: 'positive' as const })),
    { name: 'missed', count: missed, colour: 'muted' as const },
  ];
  return plotFigure(
    'Rank of the positive',
    'Where a query’s first known positive stands among its candidates. A model that finds its positives late judges negatives badly.',
    countPlot(
      'Share of queries by the rank of their first positive',
      { x: 'rank of the first positive', y: 'queries' },
      bars,
    ),
  );
}

function owners(report: Report): Markup | null {
  const { ownerScores } = report.negatives;
  if (!ownerScores) return null;
  return plotFigure(
    'Owners',
    'Similarity of a candidate’s owner to the query. A kept negative whose owner asks nearly the same as the query may be false.',
    distributionPlot('Owner similarity of kept and dropped candidates', 'owner’s similarity to the query', [
      { name: 'kept', colour: 'kept', histogram: ownerScores.kept },
      { name: 'dropped', colour: 'dropped', histogram: ownerScores.dropped },
    ]),
  );
}

function recall(report: Report): Markup {
  const { engine, recall: found } = report.index;
  const at = (key: string): Markup => figure(report, ['index', 'recall', key], 'percent');
  const interval = typeof found.lower === 'number' && typeof found.upper === 'number';
  return html`<h3>Recall of the index</h3>
<p>The index (${engine}) found ${at('recallAtK')} of the ${figure(report, ['index', 'recall', 'k'], 'count')} nearest documents that exact search finds${interval ? html` (95 % interval ${at('lower')} to ${at('upper')})` : null}, measured on ${figure(report, ['index', 'recall', 'sample'], 'count')} queries.</p>`;
}

/** Left out on a phone. */
const WIDE: readonly string[] = ['hit@5', 'hit@10', 'mrr@10'];

function groups(report: Report): Markup {
  const names = Object.keys(report.retrieval);
  return html`<h3>How the model retrieves the known positives</h3>
<table>
<thead><tr><th>group</th><th class="n">queries</th>${RETRIEVAL_MEASURES.map((name) => html`<th class="n${WIDE.includes(name) ? ' desk' : ''}">${name}</th>`)}</tr></thead>
<tbody>${names.map(
    (name) =>
      html`<tr><th>${name}</th><td class="n">${figure(report, ['retrieval', name, 'queries'], 'count')}</td>${RETRIEVAL_MEASURES.map(
        (measure) =>
          html`<td class="n${WIDE.includes(measure) ? ' desk' : ''}">${figure(report, ['retrieval', name, measure], 'score')}</td>`,
      )}</tr>`,
  )}</tbody>
</table>`;
}

/** What every group came to, where the input knows groups. */
function minedGroups(report: Report): Markup | null {
  if (!report.groups || report.groups.length < 2) return null;
  const at = (i: number, key: string): Markup => figure(report, ['groups', String(i), key], 'count');
  return html`<h3>What each group came to</h3>
<table>
<thead><tr><th>group</th><th class="n">queries</th><th class="n desk">documents</th><th class="n desk">candidates</th><th class="n">kept</th><th class="n">clusters</th></tr></thead>
<tbody>${report.groups.map(
    ({ name, clusters }, i) =>
      html`<tr><th>${name}</th><td class="n">${at(i, 'queries')}</td><td class="n desk">${at(i, 'documents')}</td><td class="n desk">${at(i, 'candidates')}</td><td class="n">${at(i, 'kept')}</td><td class="n">${clusters === null ? null : at(i, 'clusters')}</td></tr>`,
  )}</tbody>
</table>`;
}
