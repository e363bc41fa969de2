import type { Example } from '../examples.ts';
import type { Report } from '../report-schema.ts';
import { figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { meaningOf } from './reason-meaning.ts';

type Candidate = Example['candidates'][number];
type Content = Example['query'];

/** Examples open when the page is loaded; the others are one click away. */
const OPEN = 3;

/** Examples to browse: the likeliest false negatives first, then a sample. */
export function examples(report: Report): Markup | null {
  if (report.examples.length === 0) return null;
  const suspects = report.examples.filter(({ why }) => why === 'suspect').length;
  const some = (why: Example['why']): (Markup | null)[] =>
    report.examples.map((example, i) =>
      example.why === why ? exampleOf(report, example, i, why === 'suspect' && i < OPEN) : null,
    );
  return html`<section id="examples">
<h2>Examples</h2>
${
  suspects > 0
    ? html`<h3>The likeliest false negatives</h3>
<p>Kept negatives whose score and whose owner’s similarity to the query are highest: where the run is wrong, it is wrong here first. If many of these answer their query, mine more strictly.</p>`
    : null
}
${some('suspect')}
<h3>A sample</h3>
<p>Queries drawn by the seed, so that the same run shows the same ones.</p>
${some('sample')}
</section>`;
}

/** One query to unfold; its figures are fetched from `report.examples[i]`. */
export function exampleOf(
  report: { readonly examples: readonly Example[] },
  example: Example,
  i: number,
  open: boolean,
): Markup {
  const at = ['examples', String(i)];
  const kept = example.candidates.flatMap((candidate, place) =>
    candidate.reason === null ? [{ candidate, place }] : [],
  );
  const dropped = example.candidates.flatMap((candidate, place) =>
    candidate.reason === null ? [] : [{ candidate, place }],
  );
  const row = ({ candidate, place }: { candidate: Candidate; place: number }): Markup =>
    candidateRow(report, candidate, [...at, 'candidates', String(place)]);
  return html`<details class="example"${open ? html` open` : null}>
<summary>${picture(example.query)}<span>${named(example.query)}</span></summary>
<p class="note">query <code>${example.query.id}</code>; known positives ${figure(report, [...at, 'positives'], 'count')}, kept ${figure(report, [...at, 'kept'], 'count')}${Object.keys(example.dropped).map((reason) => html`, <code>${reason}</code> ${figure(report, [...at, 'dropped', reason], 'count')}`)}</p>
<ol>
${example.shownPositives.map((positive, place) => item('positive', 'positive', positive.score === null ? null : figure(report, [...at, 'shownPositives', String(place), 'score'], 'score'), positive, html`<code>${positive.id}</code>`))}
${kept.map(row)}
${dropped.map(row)}
</ol>
</details>`;
}

function candidateRow(report: object, candidate: Candidate, path: string[]): Markup {
  const { id, reason, suspect, owner } = candidate;
  const asks = owner
    ? html`; owner asks ${picture(owner)} “${named(owner)}” (${figure(report, [...path, 'ownerScore'], 'score')})`
    : null;
  const facts = html`<code>${id}</code>, rank ${figure(report, [...path, 'rank'], 'count')}${asks}`;
  const label = suspect ? 'kept, doubtful' : (reason ?? 'kept');
  const meaning = reason ? meaningOf(reason) : '';
  return item(
    suspect ? 'suspect' : reason ? 'dropped' : 'kept',
    label,
    figure(report, [...path, 'score'], 'score'),
    candidate,
    html`${meaning ? html`${meaning}; ` : null}${facts}`,
  );
}

function item(kind: string, label: string, score: Markup | null, content: Content, facts: Markup): Markup {
  return html`<li class="${kind}"><span class="verdict">${label}<span>${score}</span></span><span class="text">${picture(content)}${named(content)}<span class="note">${facts}</span></span></li>`;
}

/** What stands for a content: its text, else the path of its image, else its id. */
function named({ id, text, image }: Content): string {
  return text || image?.path || id;
}

function picture({ id, image }: Content): Markup | null {
  if (!image?.thumbnail) return null;
  return html`<img src="${image.thumbnail}" alt="${image.path ?? id}">`;
}
