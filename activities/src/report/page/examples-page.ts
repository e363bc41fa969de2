import type { Example } from '../examples.ts';
import { pageDocument } from './document.ts';
import { exampleOf } from './examples.ts';
import { html } from './html.ts';

/** A page of chosen queries in the look of the report, all of them open. */
export function examplesPage(runId: string, examples: readonly Example[]): string {
  const body = html`<header>
<p class="eyebrow">Quarry inspect</p>
<h1>${examples.length === 1 ? '1 query' : `${examples.length} queries`}</h1>
<p class="note">of run <code>${runId}</code></p>
</header>
${examples.map((example, i) => exampleOf({ examples }, example, i, true))}`;
  return pageDocument(`${runId}: queries`, body);
}
