import { dotRows } from './dot.ts';
import { type OwnerLists, offerOwner } from './owner-lists.ts';

/** Vectors of a contiguous range of queries; rows that are not needed may be unset. */
export interface QueryWindow {
  /** First query. */
  readonly start: number;
  /** End, exclusive. */
  readonly end: number;
  /** float32 [end - start, dimension] */
  readonly vectors: Float32Array;
}

/** The owners of some documents: those of the i-th are entries [offsets[i], offsets[i+1]) of `queries`. */
export interface OwnersOfDocuments {
  readonly offsets: Int32Array;
  readonly queries: Int32Array;
}

/** A block of candidates whose owners are wanted. */
export interface CandidateBlock {
  /** Candidates per query. */
  readonly k: number;
  /** float32 [queries, dimension] */
  readonly vectors: Float32Array;
  readonly dimension: number;
  /** int32 [slots]: place of the candidate's document in `owners`, -1 where no owners are wanted */
  readonly places: Int32Array;
  readonly owners: OwnersOfDocuments;
}

/** Offers to every list of the block those owners that lie in `window`, with their similarity to the slot's query. */
export function scoreOwners(block: CandidateBlock, window: QueryWindow, lists: OwnerLists): void {
  const { k, vectors, dimension, places } = block;
  const query = new Float64Array(dimension);
  for (let start = 0; start < places.length; start += k) {
    const at = (start / k) * dimension;
    query.set(vectors.subarray(at, at + dimension));
    const { rows, slots } = ownersInWindow(block, window, start);
    const scores = new Float32Array(rows.length);
    dotRows(query, window.vectors, rows, 0, rows.length, scores);
    for (let i = 0; i < rows.length; i++) offerOwner(lists, slots[i]!, rows[i]! + window.start, scores[i]!);
  }
}

/** The owners of the k candidates from slot `start` on that lie in the window: their rows there, and their slots. */
function ownersInWindow(
  { k, places, owners }: CandidateBlock,
  window: QueryWindow,
  start: number,
): { readonly rows: Int32Array; readonly slots: Int32Array } {
  let most = 0;
  for (let slot = start; slot < start + k; slot++) most += ownersAt(owners, places[slot]!);
  const rows = new Int32Array(most);
  const slots = new Int32Array(most);
  let count = 0;
  for (let slot = start; slot < start + k; slot++) {
    const first = places[slot]! < 0 ? 0 : owners.offsets[places[slot]!]!;
    for (let i = first; i < first + ownersAt(owners, places[slot]!); i++) {
      const owner = owners.queries[i]!;
      if (owner < window.start || owner >= window.end) continue;
      rows[count] = owner - window.start;
      slots[count++] = slot;
    }
  }
  return { rows: rows.subarray(0, count), slots: slots.subarray(0, count) };
}

function ownersAt({ offsets }: OwnersOfDocuments, place: number): number {
  return place < 0 ? 0 : offsets[place + 1]! - offsets[place]!;
}

/** Offsets of the lists of a block: as many owners as the document has, at most `limit`. */
export function listOffsets(
  { places, owners }: Pick<CandidateBlock, 'places' | 'owners'>,
  limit: number,
): Int32Array {
  const offsets = new Int32Array(places.length + 1);
  for (let slot = 0; slot < places.length; slot++) {
    offsets[slot + 1] = offsets[slot]! + Math.min(ownersAt(owners, places[slot]!), limit);
  }
  return offsets;
}

/** The distinct documents of the eligible slots (reason 0), ascending, and each slot's place among them (else -1). */
export function distinctDocuments(
  documents: Int32Array,
  reasons: Uint8Array,
): { readonly distinct: Int32Array; readonly places: Int32Array } {
  const sorted = documents.filter((_, slot) => reasons[slot] === 0).sort();
  const distinct = sorted.filter((document, i) => i === 0 || document !== sorted[i - 1]);
  const places = documents.map((document, slot) => (reasons[slot] === 0 ? placeOf(distinct, document) : -1));
  return { distinct, places };
}

function placeOf(ascending: Int32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
