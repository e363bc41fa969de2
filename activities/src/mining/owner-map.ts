import { type Pairs, pairsInOrder } from './pairs.ts';

/** For every document the queries of which it is a positive (step 1 of SaHa). */
export interface OwnerMap {
  /** int32 [D+1]: the owners of document d are entries [ownerOffsets[d], ownerOffsets[d+1]) of the next two */
  readonly ownerOffsets: Int32Array;
  /** int32 [P]: the owning query, in data-set order of the pairs */
  readonly ownerQuery: Int32Array;
  /** int32 [P]: index of the pair (owner, document) */
  readonly ownerPair: Int32Array;
}

/** The owner map of a corpus of `documents` documents. */
export function ownerMap(pairs: Omit<Pairs, 'queryPairs'>, documents: number): OwnerMap {
  const { pairQuery, pairDocument } = pairs;
  const ownerOffsets = new Int32Array(documents + 1);
  for (const document of pairDocument) ownerOffsets[document + 1]!++;
  for (let document = 0; document < documents; document++) {
    ownerOffsets[document + 1]! += ownerOffsets[document]!;
  }
  const next = ownerOffsets.slice(0, documents);
  const ownerPair = new Int32Array(pairQuery.length);
  for (const pair of pairsInOrder(pairs)) ownerPair[next[pairDocument[pair]!]!++] = pair;
  return { ownerOffsets, ownerQuery: ownerPair.map((pair) => pairQuery[pair]!), ownerPair };
}
