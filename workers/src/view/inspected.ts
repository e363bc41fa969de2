import type { Content, InspectedCandidate } from '../inspect/run-reader.ts';
import { clip, count } from './format.ts';
import type { Style } from './style.ts';

/** One query, and what became of its candidates. */
export interface Inspected {
  readonly query: Content;
  readonly positives: readonly Content[];
  /** By rank. */
  readonly candidates: readonly InspectedCandidate[];
}

export interface InspectedView {
  /** Candidates that are shown: so many kept and so many dropped. */
  readonly limit: number;
  /** Of the dropped only these. */
  readonly reason: string | undefined;
  readonly style: Style;
  readonly width: number;
}

/** A query, its positives, what was kept and what was dropped, and the sums. */
export function inspectedLines(
  { query, positives, candidates }: Inspected,
  { limit, reason, style, width }: InspectedView,
): readonly string[] {
  const kept = candidates.filter((candidate) => candidate.kept);
  const dropped = candidates.filter(
    (candidate) => !candidate.kept && (!reason || candidate.reason === reason),
  );
  const line = (label: string, text: string): string => `  ${label} ${clip(text, Math.max(20, width - 11))}`;
  return [
    style('bold', clip(`query ${named(query)}`, width)),
    ...positives.map((positive) => line(style('cyan', 'positive'), named(positive))),
    ...kept.slice(0, limit).map((candidate) => line(style('green', 'kept    '), shown(candidate))),
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

function named({ id, text }: Content): string {
  return text === null ? id : `${id}: ${text}`;
}

function sums(candidates: readonly InspectedCandidate[]): string {
  const counts = new Map<string, number>();
  for (const { kept, reason } of candidates) {
    const name = kept ? 'kept' : (reason ?? '');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, sum]) => `${count(sum)} ${name}`).join(', ');
}
