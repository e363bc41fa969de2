import type { Report } from '../report-schema.ts';
import { asked } from './asked.ts';
import { cost } from './cost.ts';
import { pageDocument } from './document.ts';
import { examples } from './examples.ts';
import { html } from './html.ts';
import { outcome } from './outcome.ts';
import { overview } from './overview.ts';
import { trust } from './trust.ts';

/** `report.html`: one file that says what was asked, what came out, and whether to trust it. A pure function of the report. */
export function reportPage(report: Report): string {
  const body = [
    overview(report),
    asked(report),
    outcome(report),
    trust(report),
    examples(report),
    cost(report),
    footer(report),
  ];
  return pageDocument(`${report.job.name}: Quarry report`, body);
}

function footer({ runId, job }: Report) {
  return html`<footer class="note"><p>Made by Quarry for run <code>${runId}</code>, job <code>${job.hash}</code>. Beside this page: <code>report.json</code> (every figure), <code>job.json</code>, <code>README.md</code>, <code>_manifest.json</code> (every file with its sha256).</p></footer>`;
}
