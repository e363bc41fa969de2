import type { Example } from '@quarry/activities/report/examples';
import type { Content, Inspected } from './inspected.ts';

/** Characters of a text on a page. */
const MOST_TEXT = 2000;

/** What is shown of a query. */
export interface ExampleView {
  /** Kept and dropped candidates at most, each. */
  readonly limit: number;
  /** Of the dropped only these. */
  readonly reason: string | undefined;
  /** `data:` URIs by the path of an image. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/** An inspected query as the report's pages show it. */
export function exampleOf(
  { query, positives, candidates }: Inspected,
  { limit, reason, thumbnails }: ExampleView,
): Example {
  const shown = (content: Content): Example['query'] => shownContent(content, thumbnails);
  const kept = candidates.filter((candidate) => candidate.kept);
  const dropped = candidates.filter((candidate) => !candidate.kept);
  const counts: Record<string, number> = {};
  for (const candidate of dropped) counts[candidate.reason ?? ''] = (counts[candidate.reason ?? ''] ?? 0) + 1;
  const wanted = dropped.filter((candidate) => reason === undefined || candidate.reason === reason);
  return {
    why: candidates.some(({ suspect }) => suspect) ? 'suspect' : 'sample',
    query: shown(query),
    positives: positives.length,
    shownPositives: positives.slice(0, limit).map(({ score, ...content }) => ({ ...shown(content), score })),
    kept: kept.length,
    dropped: counts,
    candidates: [...kept.slice(0, limit), ...wanted.slice(0, limit)].map(
      ({ document, owner, rank, score, ownerScore, reason: why, suspect }) => ({
        ...shown(document),
        owner: owner && shown(owner),
        rank,
        score,
        ownerScore,
        reason: why,
        suspect,
      }),
    ),
  };
}

function shownContent(
  { id, text, image }: Content,
  thumbnails: ReadonlyMap<string, string>,
): Example['query'] {
  const most = text ?? '';
  return {
    id,
    text: most.length > MOST_TEXT ? `${most.slice(0, MOST_TEXT)}…` : most,
    image: image === undefined ? null : { path: image, thumbnail: thumbnails.get(image) ?? null },
  };
}
