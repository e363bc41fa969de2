import { expect } from 'vitest';
import type { Fabricated } from '../tables/fabricated-run.ts';
import { committedRun } from './exported-run.ts';

/** Line breaks, quotes and other scripts must come through every format. */
const text = (side: string, row: number): string =>
  row % 7 === 0 ? `😀 "${side}"\n${row}\u0001\u2028\\` : `${side} ${row}`;

export const query = (row: number): string => text('query', row);
export const document = (row: number): string => text('document', row);

/** Of 40 queries every third keeps nothing, the others two or three negatives; the positive of query q is document 2q. */
export interface VariedRun {
  readonly made: Fabricated;
  /** Queries that keep a negative. */
  readonly mined: readonly number[];
  /** Kept negatives of a query, as documents. */
  readonly negatives: (query: number) => readonly number[];
  /** Similarity of the positive (`place` 0) or of a kept negative. */
  readonly score: (query: number, document: number) => number;
}

export async function variedRun(strategy: 'saha' | 'margin' = 'saha'): Promise<VariedRun> {
  const keep = (q: number, k: number): number[] =>
    q % 3 === 0 ? [] : [3, 1, 6].map((i) => (i + q) % k).filter((place) => place > 0);
  const made = await committedRun({ strategy, text, keep });
  const mined = [...made.kept.keys()].filter((q) => made.kept[q]!.length > 0);
  expect(mined.length).toBe(26);
  const place = (q: number, d: number): number =>
    Array.from({ length: 7 }, (_, i) => (2 * q + 7 * i) % 100).indexOf(d);
  return {
    made,
    mined,
    negatives: (q) => made.kept[q]!,
    score: (q, d) => Math.fround(0.9 - place(q, d) / 10 - q / 1e6),
  };
}

export const NO_NEGATIVE = { rows: 14, reason: 'queries that keep no negative' };
