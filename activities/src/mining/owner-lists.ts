/**
 * The owner lists of a block of candidates in the making. The list of slot s is entries [offsets[s], offsets[s+1]) of
 * `queries` and `scores`, of which the first `filled[s]` are there: most similar first, equal ones in data-set order.
 */
export interface OwnerLists {
  /** int32 [slots + 1]: room for as many owners as are listed */
  readonly offsets: Int32Array;
  /** int32 [slots] */
  readonly filled: Int32Array;
  readonly queries: Int32Array;
  readonly scores: Float32Array;
}

export function emptyOwnerLists(offsets: Int32Array): OwnerLists {
  const entries = offsets.at(-1)!;
  return {
    offsets,
    filled: new Int32Array(offsets.length - 1),
    queries: new Int32Array(entries),
    scores: new Float32Array(entries),
  };
}

/** Puts an owner into the list of a slot, unless the list is full of better ones. Any order of offers gives the same. */
export function offerOwner(lists: OwnerLists, slot: number, owner: number, score: number): void {
  const { offsets, filled, queries, scores } = lists;
  const first = offsets[slot]!;
  const end = offsets[slot + 1]!;
  let at = first + filled[slot]!;
  if (at === end) {
    if (at === first || !isBefore(owner, score, queries[at - 1]!, scores[at - 1]!)) return;
    at--;
  } else filled[slot]!++;
  for (; at > first && isBefore(owner, score, queries[at - 1]!, scores[at - 1]!); at--) {
    queries[at] = queries[at - 1]!;
    scores[at] = scores[at - 1]!;
  }
  queries[at] = owner;
  scores[at] = score;
}

/** The order of owners: score descending, then data-set order. */
export function isBefore(owner: number, score: number, other: number, otherScore: number): boolean {
  return score > otherScore || (score === otherScore && owner < other);
}
