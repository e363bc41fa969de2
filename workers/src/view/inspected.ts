import type { Content, Inspected, InspectedCandidate } from '../inspect/inspected.ts';
import { clip, count } from './format.ts';
import type { Style } from './style.ts';

export interface InspectedView {
  /** Candidates that are shown: so many kept and so many dropped. */
  readonly limit: number;
  /** Of the dropped only these. */
  readonly reason: string | undefined;
  readonly style: Style;
  readonly width: number;
}

/** Columns before the text of a line. */
const INDENT = 11;

/** A query, its positives, what was kept and what was dropped, and the sums. */
export function inspectedLines(
  { query, positives, candidates }: Inspected,
  { limit, reason, style, width }: InspectedView,
): readonly string[] {
  const kept = candidates.filter((candidate) => candidate.kept);
  const dropped = candidates.filter(
    (candidate) => !candidate.kept && (!reason || candidate.reason === reason),
  );
  const room = Math.max(20, width - INDENT);
  const line = (label: string, text: string): string => `  ${label} ${clip(text, room)}`;
  const owner = ({ owner: asks }: InspectedCandidate): string[] =>
    asks?.text || asks?.image
      ? [`${' '.repeat(INDENT)}${style('dim', clip(`owner asks: ${asks.text || asks.image}`, room))}`]
      : [];
  return [
    style('bold', clip(`query ${named(query)}`, width)),
    ...positives.map((positive) =>
      line(
        style('cyan', 'positive'),
        `${positive.score === null ? '' : `${positive.score.toFixed(3)}  `}${named(positive)}`,
      ),
    ),
    ...kept
      .slice(0, limit)
      .flatMap((candidate) => [
        line(candidate.suspect ? style('yellow', 'doubtful') : style('green', 'kept    '), shown(candidate)),
        ...owner(candidate),
      ]),
    ...dropped.slice(0, limit).map((candidate) => line(style('dim', 'dropped '), shown(candidate))),
    `  ${count(candidates.length)} candidates: ${sums(candidates)}`,
    '',
  ];
}

function shown({ document, rank, score, owner, ownerScore, reason }: InspectedCandidate): string {
  const facts = [
    `#${rank}`,
    score.toFixed(3),
    ...(reason ? [reason] : []),
    ...(owner ? [`(owner ${owner.id}${ownerScore === null ? '' : ` ${ownerScore.toFixed(3)}`})`] : []),
  ];
  return `${facts.join(' ')}  ${named(document)}`;
}

/** The id, its image by path, its text. */
function named({ id, text, image }: Content): string {
  const parts = [...(image ? [`[${image}]`] : []), ...(text ? [text] : [])];
  return parts.length === 0 ? id : `${id}: ${parts.join(' ')}`;
}

function sums(candidates: readonly InspectedCandidate[]): string {
  const counts = new Map<string, number>();
  for (const { kept, reason } of candidates) {
    const name = kept ? 'kept' : (reason ?? '');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, sum]) => `${count(sum)} ${name}`).join(', ');
}
