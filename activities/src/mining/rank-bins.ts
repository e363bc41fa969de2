/** Counts of ranks in bins that widen, as the figures hold them: `1`, `2`, `3-5` ... `1001-`. Ranks begin at 1. */
export type RankCounts = Record<string, number>;

/** Last ranks of the bins. */
const LAST = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, Number.POSITIVE_INFINITY] as const;

const NAMES = LAST.map((last, bin) => {
  const first = bin === 0 ? 1 : LAST[bin - 1]! + 1;
  if (last === first) return String(first);
  return Number.isFinite(last) ? `${first}-${last}` : `${first}-`;
});

/** Zero in every bin. */
export function emptyRanks(): RankCounts {
  return Object.fromEntries(NAMES.map((name) => [name, 0]));
}

export function addRank(counts: RankCounts, rank: number): void {
  counts[NAMES[LAST.findIndex((last) => rank <= last)]!]!++;
}

/** Adds counts of the same bins. */
export function addRanks(counts: RankCounts, other: Readonly<RankCounts>): void {
  for (const [bin, count] of Object.entries(other)) counts[bin] = (counts[bin] ?? 0) + count;
}
