import { pairOf } from '../pairs.ts';
import type { CleanPairs } from './clean-pairs.ts';

/** Pairs that an anchor may take into its cluster, the hardest first. */
export type Partners = readonly number[];

/** Pairs further off that are looked at, per pair that is wanted. */
const FURTHER_PER_WANTED = 32;
/** Owners looked at of one document. */
const OWNERS = 8;

/**
 * The pairs that the anchor's own candidates lead to, in rank order: of each document that passed the chain its most
 * similar owners.
 */
export function nearPartners(space: CleanPairs, anchor: number): Partners {
  const query = space.pairs.pairQuery[anchor]!;
  return ownersIn(space, query, true).map(({ owner, document }) => pairOf(space.pairs, owner, document));
}

/**
 * Pairs that the anchor's candidates do not lead to, as many as {@link FURTHER_PER_WANTED} K from each of two sources: the
 * owners of its candidates, their candidates' owners, and so on (near neighbours of near neighbours are near; known from
 * graph search, e.g. Malkov and Yashunin 2016); then whatever follows in the data set. Those that pass the pair rule,
 * hardest first, equal ones in data-set order.
 *
 * @param order the pairs of the group in data-set order
 * @param place the anchor's place among them
 */
export function furtherPartners(
  space: CleanPairs,
  anchor: number,
  order: Int32Array,
  place: number,
): Partners {
  const { pairRow } = space.pairs;
  const most = FURTHER_PER_WANTED * space.topK;
  const found = new Set([...alongOwners(space, anchor, most), ...behind(order, place, most)]);
  found.delete(anchor);
  return [...found]
    .map((pair) => ({ pair, excess: space.excess(anchor, pair) }))
    .filter(({ excess }) => excess <= 0)
    .sort((a, b) => b.excess - a.excess || pairRow[a.pair]! - pairRow[b.pair]!)
    .map(({ pair }) => pair);
}

/** Pairs along the graph of candidates and owners, breadth first from the anchor's query, `most` at most. */
function alongOwners(space: CleanPairs, anchor: number, most: number): number[] {
  const from = space.pairs.pairQuery[anchor]!;
  const seen = new Set([from]);
  const waiting = [from];
  const found: number[] = [];
  for (let next = 0; next < waiting.length && found.length < most; next++) {
    for (const { owner, document } of ownersIn(space, waiting[next]!, false)) {
      if (seen.has(owner)) continue;
      seen.add(owner);
      waiting.push(owner);
      found.push(pairOf(space.pairs, owner, document));
    }
  }
  return found.slice(0, most);
}

/** The pairs behind a place of the data set, and round its end. */
function behind(order: Int32Array, place: number, most: number): number[] {
  const count = Math.min(most, order.length);
  return Array.from({ length: count }, (_, i) => order[(place + i) % order.length]!);
}

/** The owners of a query's candidates in rank order, of each document the most similar ones. */
function ownersIn(
  { candidates }: CleanPairs,
  query: number,
  passedOnly: boolean,
): { readonly owner: number; readonly document: number }[] {
  const { start, k, documents, reasons, ownerOffsets, owners } = candidates(query);
  const found: { owner: number; document: number }[] = [];
  for (let slot = (query - start) * k; slot < (query - start + 1) * k; slot++) {
    if (passedOnly && reasons[slot] !== 0) continue;
    const from = ownerOffsets[slot]!;
    const to = Math.min(ownerOffsets[slot + 1]!, from + OWNERS);
    for (let i = from; i < to; i++) found.push({ owner: owners.queries[i]!, document: documents[slot]! });
  }
  return found;
}
