import type { Saha } from '@quarry/activities/mining/anchor';
import { noClaims } from '@quarry/activities/mining/claims';
import { dot } from '@quarry/activities/mining/dot';
import { markIneligible } from '@quarry/activities/mining/eligibility';
import type { OwnedCandidates } from '@quarry/activities/mining/owned-candidates';
import { emptyOwnerLists, isBefore } from '@quarry/activities/mining/owner-lists';
import { ownerMap } from '@quarry/activities/mining/owner-map';
import type { Pairs } from '@quarry/activities/mining/pairs';
import { formClusters } from '@quarry/activities/mining/saha';
import { distinctDocuments, listOffsets, scoreOwners } from '@quarry/activities/mining/score-owners';
import { matrixOf, rankExactly } from './rank-exactly.ts';

/** A data set small enough to be held whole, and SaHa's settings. */
export interface SahaProblem {
  readonly queries: readonly (readonly number[])[];
  readonly documents: readonly (readonly number[])[];
  /** (query, positive) in data-set order, equal rows once. */
  readonly rows: readonly (readonly [number, number])[];
  readonly topK: number;
  readonly poolMultiplier: number;
  readonly classification: boolean;
  readonly form: 'strict' | 'reference';
  /** Queries per block of candidates; all in one block by default. */
  readonly blockRows?: number;
  /** Owners listed per candidate. */
  readonly ownersListed?: number;
  /** Candidates retrieved per query; 2 K m by default. */
  readonly retrieved?: number;
}

/** A cluster as the golden files state it: row indexes. */
export interface ClusterOfRows {
  readonly phase: number;
  readonly anchor: number;
  readonly negatives: readonly number[];
}

/** The normalised pairs of rows in data-set order. */
export function pairsOf(rows: readonly (readonly [number, number])[], queries: number): Pairs {
  const order = [...rows.keys()].sort((a, b) => rows[a]![0] - rows[b]![0] || a - b);
  const queryPairs = new Int32Array(queries + 1);
  for (const [query] of rows) queryPairs[query + 1]!++;
  for (let query = 0; query < queries; query++) queryPairs[query + 1]! += queryPairs[query]!;
  return {
    pairQuery: Int32Array.from(order, (row) => rows[row]![0]),
    pairDocument: Int32Array.from(order, (row) => rows[row]![1]),
    pairRow: Int32Array.from(order),
    queryPairs,
  };
}

/** SaHa over what exact search, filter and score-owners make of the problem. */
export function sahaOf(problem: SahaProblem): Saha {
  const { rows, topK, poolMultiplier, classification, form, ownersListed = 32 } = problem;
  const queries = matrixOf(problem.queries);
  const documents = matrixOf(problem.documents);
  const dimension = problem.queries[0]!.length;
  const count = problem.queries.length;
  const blockRows = problem.blockRows ?? count;
  const pairs = pairsOf(rows, count);
  const owners = ownerMap(pairs, problem.documents.length);
  const k = Math.min(problem.retrieved ?? 2 * topK * poolMultiplier, problem.documents.length);

  const block = (start: number): OwnedCandidates => {
    const end = Math.min(start + blockRows, count);
    const ids = new Int32Array((end - start) * k);
    const reasons = new Uint8Array(ids.length);
    for (let query = start; query < end; query++) {
      const from = (query - start) * k;
      ids.set(rankExactly(queries, query, documents, dimension, k).ids, from);
      if (form === 'reference') continue;
      const none = Int32Array.of(-1, -1);
      markIneligible(pairs, query, ids.subarray(from, from + k), none, reasons.subarray(from, from + k));
    }
    const { distinct, places } = distinctDocuments(ids, reasons);
    const owned = ownersOf(distinct, owners);
    const lists = emptyOwnerLists(listOffsets({ places, owners: owned }, ownersListed));
    const vectors = queries.subarray(start * dimension, end * dimension);
    const window = { start: 0, end: count, vectors: queries };
    scoreOwners({ k, vectors, dimension, places, owners: owned }, window, lists);
    return { start, end, k, documents: ids, reasons, ownerOffsets: lists.offsets, owners: lists };
  };
  const blocks = new Map<number, OwnedCandidates>();

  return {
    topK,
    poolMultiplier,
    classification,
    form,
    pairs,
    ownersListed,
    candidates: (query) => {
      const start = query - (query % blockRows);
      if (!blocks.has(start)) blocks.set(start, block(start));
      return blocks.get(start)!;
    },
    nearestOwner: (query, document, allowed) => {
      const { ownerOffsets, ownerQuery } = owners;
      return [...ownerQuery.subarray(ownerOffsets[document], ownerOffsets[document + 1])]
        .filter(allowed)
        .map((owner) => ({
          owner,
          score: dot(queries, query * dimension, queries, owner * dimension, dimension),
        }))
        .sort((a, b) => (isBefore(a.owner, a.score, b.owner, b.score) ? -1 : 1))[0];
    },
  };
}

function ownersOf(documents: Int32Array, { ownerOffsets, ownerQuery }: ReturnType<typeof ownerMap>) {
  const lists = Array.from(documents, (document) => [
    ...ownerQuery.subarray(ownerOffsets[document], ownerOffsets[document + 1]),
  ]);
  const offsets = Int32Array.of(0, ...lists.map(({ length }) => length));
  for (let i = 0; i < lists.length; i++) offsets[i + 1]! += offsets[i]!;
  return { offsets, queries: Int32Array.from(lists.flat()) };
}

/** The clusters as rows of the data set. */
export function clustersOf(problem: SahaProblem): ClusterOfRows[] {
  const saha = sahaOf(problem);
  const { pairRow } = saha.pairs;
  const clusters = formClusters(saha, noClaims(problem.queries.length));
  return Array.from(clusters, ({ phase, anchor, members }) => ({
    phase,
    anchor: pairRow[anchor]!,
    negatives: members.map((pair) => pairRow[pair]!),
  }));
}
