import type { Pairs } from './pairs.ts';

/** For every document the queries of which it is a positive (step 1 of `reference/saha.md`). */
export interface OwnerMap {
  /** int32 [D+1]: the owners of document d are entries [ownerOffsets[d], ownerOffsets[d+1]) */
  readonly ownerOffsets: Int32Array;
  /** int32 [P]: the owning query, in data-set order of the pairs */
  readonly ownerQuery: Int32Array;
}

/** The owner map of `documents` documents. */
export function ownerMap(pairs: Pairs, order: Int32Array, documents: number): OwnerMap {
  const { pairQuery, pairDocument } = pairs;
  const ownerOffsets = new Int32Array(documents + 1);
  for (const document of pairDocument) ownerOffsets[document + 1]!++;
  for (let document = 0; document < documents; document++) {
    ownerOffsets[document + 1]! += ownerOffsets[document]!;
  }
  const next = ownerOffsets.slice(0, documents);
  const ownerQuery = new Int32Array(pairQuery.length);
  for (const pair of order) ownerQuery[next[pairDocument[pair]!]!++] = pairQuery[pair]!;
  return { ownerOffsets, ownerQuery };
}
