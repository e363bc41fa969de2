import type { Report } from '../report-schema.ts';
import { figure } from './figure.ts';
import { html, type Markup, type Part } from './html.ts';

/** The name of the run, the answers in short, and what to do next. */
export function overview(report: Report): Markup {
  const { runId, job, advice, strategy } = report;
  return html`<header>
<p class="eyebrow">Quarry report</p>
<h1>${job.name}</h1>
<p class="note">Run <code>${runId}</code>, hard negatives by strategy <code>${strategy}</code></p>
<nav><a href="#asked">What was asked</a><a href="#out">What came out</a><a href="#trust">May I trust it</a><a href="#examples">Examples</a><a href="#cost">Cost</a></nav>
</header>
<section class="tiles">
${tile('Negatives kept', figure(report, ['funnel', 'kept', 'count'], 'count'), html`${figure(report, ['negatives', 'mean'], 'score')} for a query, of ${figure(report, ['funnel', 'candidates'], 'count')} candidates`)}
${tile('Queries', figure(report, ['counts', 'queries'], 'count'), queriesNote(report))}
${tile('Too few negatives', figure(report, ['negatives', 'queriesWithFewer'], 'count'), html`queries with fewer than ${figure(report, ['negatives', 'asked'], 'count')}`)}
${falseNegatives(report)}
${tile('Recall of the index', figure(report, ['index', 'recall', 'recallAtK'], 'percent'), html`of the ${figure(report, ['index', 'recall', 'k'], 'count')} nearest, on ${figure(report, ['index', 'recall', 'sample'], 'count')} queries`)}
</section>
<section id="next">
<h2>What to do next</h2>
${adviceList(advice)}
</section>`;
}

function falseNegatives(report: Report): Markup {
  if (!report.falseNegatives.estimate)
    return tile('False negatives', html`not known`, html`<a href="#trust">why, and what to do</a>`);
  const at = (key: string): Markup => figure(report, ['falseNegatives', 'estimate', key], 'percent');
  return tile('False negatives', at('rate'), html`estimated; 95 % interval ${at('low')} to ${at('high')}`);
}

/** Of SaHa's queries only those that anchor a cluster have rows. */
function queriesNote(report: Report): Markup {
  const documents = html`over ${figure(report, ['counts', 'documents'], 'count')} documents`;
  if (report.strategy !== 'saha' || !report.clusters) return documents;
  return html`${documents}; ${figure(report, ['clusters', 'clusters'], 'count')} anchor a cluster`;
}

function tile(name: string, value: Markup, note: Part): Markup {
  return html`<div class="tile"><span class="name">${name}</span><b>${value}</b><span>${note}</span></div>`;
}

function adviceList(advice: readonly string[]): Markup {
  const lines = advice.map((line) => html`<li>${line}</li>`);
  return html`<ul class="advice">${lines.length > 0 ? lines : html`<li class="good">No figure of this run is bad enough to act upon. Read some examples all the same.</li>`}</ul>`;
}
