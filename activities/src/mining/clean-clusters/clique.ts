import type { OwnedCandidates } from '../owned-candidates.ts';
import { isPositive } from '../pairs.ts';
import type { CleanPairs } from './clean-pairs.ts';

/** A pair, and what the chain said of its query's candidates. */
interface Member {
  readonly pair: number;
  readonly query: number;
  readonly document: number;
  readonly candidates: OwnedCandidates;
}

/**
 * Pairs of which every two may stand in one batch: no document of one is known to answer the other's query or was dropped
 * by the chain for it, and both directions pass the pair rule. So nothing is ever unfiltered, wherever a pair was found.
 */
export class Clique {
  readonly #space: CleanPairs;
  readonly #members: Member[] = [];

  constructor(space: CleanPairs, first: number) {
    this.#space = space;
    this.add(first);
  }

  /** Whether a pair is compatible with every member. What costs most, its own list of candidates, is looked at last. */
  admits(pair: number): boolean {
    const { pairs, excess, candidates } = this.#space;
    const query = pairs.pairQuery[pair]!;
    const document = pairs.pairDocument[pair]!;
    for (const member of this.#members) {
      if (member.query === query) return false;
      if (excess(member.pair, pair) > 0 || excess(pair, member.pair) > 0) return false;
    }
    for (const member of this.#members) {
      if (isBarred(this.#space, member.query, document, member.candidates)) return false;
    }
    const own = candidates(query);
    return this.#members.every((member) => !isBarred(this.#space, query, member.document, own));
  }

  /** Takes a pair that the clique admits. */
  add(pair: number): void {
    const { pairs, candidates } = this.#space;
    const query = pairs.pairQuery[pair]!;
    this.#members.push({ pair, query, document: pairs.pairDocument[pair]!, candidates: candidates(query) });
  }
}

/** Whether a fact, or the chain, speaks against the document for the query. */
function isBarred(
  { pairs, self, promoted }: CleanPairs,
  query: number,
  document: number,
  { start, k, documents, reasons }: OwnedCandidates,
): boolean {
  if (isPositive(pairs, query, document)) return true;
  if (self[2 * query] === document || self[2 * query + 1] === document) return true;
  if (promoted?.documents.subarray(promoted.offsets[query], promoted.offsets[query + 1]).includes(document))
    return true;
  const first = (query - start) * k;
  const place = documents.subarray(first, first + k).indexOf(document);
  return place >= 0 && reasons[first + place] !== 0;
}
