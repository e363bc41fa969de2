import { dot, dotRows } from './dot.ts';
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

/**
 * Offers to every list of the block those owners that lie in `window`, with their similarity to the slot's query. Owner by
 * owner, ascending: the window is read once and in order, while the vectors of the block's queries stay in the cache.
 */
export function scoreOwners(block: CandidateBlock, window: QueryWindow, lists: OwnerLists): void {
  const { k, vectors, dimension, owners } = block;
  const { bounds, slots } = slotsOfPlaces(block);
  const queries = slots.map((slot) => Math.floor(slot / k));
  const scores = new Float32Array(slots.length);
  const wide = new Float64Array(dimension);
  const { rows, places } = ownersInWindow(owners, window);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const [first, last] = [bounds[places[i]!]!, bounds[places[i]! + 1]!];
    if (last - first === 1) {
      scores[0] = dot(window.vectors, row * dimension, vectors, queries[first]! * dimension, dimension);
    } else {
      // Widened once for all of them, which is worth it from two on.
      wide.set(window.vectors.subarray(row * dimension, (row + 1) * dimension));
      dotRows(wide, vectors, queries, first, last, scores);
    }
    for (let at = first; at < last; at++) {
      offerOwner(lists, slots[at]!, row + window.start, scores[at - first]!);
    }
  }
}

/** The slots by the place of their document: those of place p are entries [bounds[p], bounds[p + 1]) of `slots`. */
function slotsOfPlaces({ places, owners }: CandidateBlock): {
  readonly bounds: Int32Array;
  readonly slots: Int32Array;
} {
  const bounds = new Int32Array(owners.offsets.length);
  for (const place of places) if (place >= 0) bounds[place + 1]!++;
  for (let place = 1; place < bounds.length; place++) bounds[place]! += bounds[place - 1]!;
  const slots = new Int32Array(bounds.at(-1)!);
  const next = bounds.slice();
  for (let slot = 0; slot < places.length; slot++) {
    const place = places[slot]!;
    if (place >= 0) slots[next[place]!++] = slot;
  }
  return { bounds, slots };
}

/** The rows of the window that own a document, ascending, each with the document's place; a row may come several times. */
function ownersInWindow(
  { offsets, queries }: OwnersOfDocuments,
  { start, end }: QueryWindow,
): { readonly rows: Int32Array; readonly places: Int32Array } {
  const documents = offsets.length - 1;
  let count = 0;
  for (const owner of queries) if (owner >= start && owner < end) count++;
  // A row and a place in one number, so that they are sorted as numbers are: 2^21 rows at most, 2^31 places.
  const keys = new Float64Array(count);
  for (let place = 0, next = 0; place < documents; place++) {
    for (let i = offsets[place]!; i < offsets[place + 1]!; i++) {
      const owner = queries[i]!;
      if (owner >= start && owner < end) keys[next++] = (owner - start) * documents + place;
    }
  }
  keys.sort();
  const rows = Int32Array.from(keys, (key) => Math.floor(key / documents));
  return { rows, places: Int32Array.from(keys, (key, i) => key - rows[i]! * documents) };
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
  const slots = documents.length;
  // A document and its slot in one number, so that they are sorted as numbers are: below 2^31 x 2^22.
  const sorted = new Float64Array(slots);
  let eligible = 0;
  for (let slot = 0; slot < slots; slot++) {
    if (reasons[slot] === 0) sorted[eligible++] = documents[slot]! * slots + slot;
  }
  const distinct = new Int32Array(eligible);
  const places = new Int32Array(slots).fill(-1);
  let count = 0;
  for (const key of sorted.subarray(0, eligible).sort()) {
    const document = Math.floor(key / slots);
    if (count === 0 || distinct[count - 1] !== document) distinct[count++] = document;
    places[key - document * slots] = count - 1;
  }
  return { distinct: distinct.slice(0, count), places };
}
