import type { Vectors } from '@quarry/activities/index/vectors';
import type { MinedSet, Texts } from './mined-set.ts';
import type { ProofSet } from './sets.ts';

/** The dense ids of the protocol: who is asked, what is known, what is hidden, what is not in the pool. */
export interface Anchors {
  readonly queries: Int32Array;
  /** Visible positives of each anchor, and what is hidden from the miner. */
  readonly positives: readonly Int32Array[];
  readonly hidden: readonly ReadonlySet<number>[];
  /** Documents with the text of the anchor or of one of its positives (lower case, white space collapsed). */
  readonly barred: readonly ReadonlySet<number>[];
  /** Owners of each document: the queries of which it is a visible positive. */
  readonly owners: readonly (readonly number[])[];
}

export function anchorsOf(set: ProofSet, mined: MinedSet): Anchors {
  const document = idsOf(set.documents, mined.documents);
  const query = idsOf(set.queries, mined.queries);
  const sameText = new Map<string, number[]>();
  for (const [id, text] of mined.documents.texts.entries()) {
    const key = plain(text);
    sameText.set(key, [...(sameText.get(key) ?? []), id]);
  }
  const positivesOf = new Map<number, Set<number>>();
  const owners: number[][] = mined.documents.ids.map(() => []);
  for (const [q, d] of set.visible) {
    const [asked, found] = [query(q), document(d)];
    if (asked === undefined || found === undefined) continue;
    const known = positivesOf.get(asked) ?? new Set();
    if (!known.has(found)) owners[found]!.push(asked);
    positivesOf.set(asked, known.add(found));
  }
  const hiddenOf = new Map<number, Set<number>>();
  for (const [q, d] of set.hidden) {
    const [asked, found] = [query(q), document(d)];
    if (asked === undefined || found === undefined) continue;
    hiddenOf.set(asked, (hiddenOf.get(asked) ?? new Set()).add(found));
  }
  const queries = [...new Set(set.anchors.flatMap((id) => query(id) ?? []))].filter((id) =>
    positivesOf.has(id),
  );
  const positives = queries.map((id) => Int32Array.from(positivesOf.get(id)!));
  return {
    queries: Int32Array.from(queries),
    positives,
    hidden: queries.map((id) => hiddenOf.get(id) ?? new Set<number>()),
    barred: queries.map((id, anchor) => {
      const texts = [
        mined.queries.texts[id]!,
        ...[...positives[anchor]!].map((d) => mined.documents.texts[d]!),
      ];
      return new Set([...positives[anchor]!, ...texts.flatMap((text) => sameText.get(plain(text)) ?? [])]);
    }),
    owners,
  };
}

/** Ids of the set to dense ids: equal texts are one row, under the id that comes first. */
function idsOf(rows: ProofSet['documents'], side: Texts): (id: string) => number | undefined {
  const byId = new Map(side.ids.map((id, dense) => [id, dense]));
  const byText = new Map(side.texts.map((text, dense) => [text.trim(), dense]));
  const dense = new Map(rows.map(({ id, text }) => [id, byId.get(id) ?? byText.get(text.trim())]));
  return (id) => dense.get(id);
}

function plain(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim();
}

/** Some rows of vectors, in their order. */
export function rowsOf({ data, dimension }: Vectors, rows: Int32Array): Vectors {
  const picked = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    picked.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return { data: picked, rows: rows.length, dimension };
}
