import type { Example } from '@quarry/activities/report/examples';
import type { Content, Inspected, InspectedCandidate } from './inspected.ts';

/** Characters of a text on a page. */
const MOST_TEXT = 2000;

/** An inspected query as the report's pages show it, `limit` of its kept and of its dropped at most. */
export function exampleOf(
  { query, positives, candidates }: Inspected,
  limit: number,
  reason: string | undefined,
): Example {
  const kept = candidates.filter((candidate) => candidate.kept);
  const dropped = candidates.filter((candidate) => !candidate.kept);
  const counts: Record<string, number> = {};
  for (const candidate of dropped) counts[candidate.reason ?? ''] = (counts[candidate.reason ?? ''] ?? 0) + 1;
  const wanted = dropped.filter((candidate) => reason === undefined || candidate.reason === reason);
  return {
    why: candidates.some(({ suspect }) => suspect) ? 'suspect' : 'sample',
    query: texted(query),
    positives: positives.length,
    shownPositives: positives.slice(0, limit).map(({ score, ...content }) => ({ ...texted(content), score })),
    kept: kept.length,
    dropped: counts,
    candidates: [...kept.slice(0, limit), ...wanted.slice(0, limit)].map(shown),
  };
}

function shown(candidate: InspectedCandidate): Example['candidates'][number] {
  const { document, owner, rank, score, ownerScore, reason, suspect } = candidate;
  return { ...texted(document), owner: owner && texted(owner), rank, score, ownerScore, reason, suspect };
}

function texted({ id, text }: Content): { id: string; text: string } {
  return { id, text: text === null ? '' : text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text };
}
