import { join } from 'node:path';
import { orderedByHash } from '../ordered-by-hash.ts';
import { type Pair, readJsonl, readPairs, type Text } from '../training/training-set.ts';

/** A set of the protocol (shared/reference/baselines.md, section 1): every choice is an order by hash. */
export interface ProofSet {
  readonly documents: readonly Text[];
  readonly queries: readonly Text[];
  readonly visible: readonly Pair[];
  /** Of the anchors only. */
  readonly hidden: readonly Pair[];
  readonly anchors: readonly string[];
}

/** Anchors of the sets whose queries are their documents. */
const ANCHORS = 1500;

export const PROOF_SETS = {
  Cranfield: (data: string) => retrieval(join(data, 'cranfield'), ['test']),
  SciFact: (data: string) => retrieval(join(data, 'scifact'), ['train', 'test']),
  Banking77: (data: string) => intents(join(data, 'banking77')),
  CLINC150: (data: string) => intents(join(data, 'clinc150')),
  Flickr8k: (data: string) => captions(join(data, 'flickr8k-captions')),
} as const satisfies Record<string, (data: string) => Promise<ProofSet>>;
export type ProofSetName = keyof typeof PROOF_SETS;

/** Queries with two or more relevant documents; the first half (rounded down) is visible. */
async function retrieval(folder: string, splits: readonly string[]): Promise<ProofSet> {
  const corpus = await readJsonl<{ _id: string; title: string; text: string }>(join(folder, 'corpus.jsonl'));
  const documents = corpus.map(({ _id, title, text }) => ({ id: _id, text: `${title} ${text}` }));
  const known = new Set(documents.map(({ id }) => id));
  const texts = await readJsonl<{ _id: string; text: string }>(join(folder, 'queries.jsonl'));
  const textOf = new Map(texts.map(({ _id, text }) => [_id, text]));
  const relevant = new Map<string, Set<string>>();
  for (const split of splits) {
    for (const [query, document] of await readPairs(join(folder, `qrels/${split}.tsv`))) {
      if (known.has(document)) relevant.set(query, (relevant.get(query) ?? new Set()).add(document));
    }
  }
  const visible: Pair[] = [];
  const hidden: Pair[] = [];
  const anchors: string[] = [];
  for (const [query, found] of relevant) {
    if (found.size < 2) continue;
    const ordered = orderedByHash([...found], 'visible', (document) => `${query}:${document}`);
    const half = Math.floor(ordered.length / 2);
    anchors.push(query);
    visible.push(...ordered.slice(0, half).map((document): Pair => [query, document]));
    hidden.push(...ordered.slice(half).map((document): Pair => [query, document]));
  }
  const queries = anchors.map((id) => ({ id, text: textOf.get(id)! }));
  return { documents, queries, visible, hidden, anchors };
}

/** Texts of one intent are pairs of two; the rest of the intent is hidden. */
async function intents(folder: string): Promise<ProofSet> {
  const rows = await readJsonl<{ text: string; label: string }>(join(folder, 'train.jsonl'));
  const documents = rows.map(({ text }, id) => ({ id: String(id), text }));
  const byLabel = new Map<string, string[]>();
  for (const [id, { label }] of rows.entries()) {
    byLabel.set(label, [...(byLabel.get(label) ?? []), String(id)]);
  }
  const partner = new Map<string, string>();
  for (const ids of byLabel.values()) {
    const ordered = orderedByHash(ids, 'pair', (id) => id);
    for (let i = 0; i + 1 < ordered.length; i += 2) {
      partner.set(ordered[i]!, ordered[i + 1]!).set(ordered[i + 1]!, ordered[i]!);
    }
  }
  const queries = documents.filter(({ id }) => partner.has(id));
  const anchors = orderedByHash(queries, 'anchor', ({ id }) => id)
    .slice(0, ANCHORS)
    .map(({ id }) => id);
  const hidden = anchors.flatMap((anchor) =>
    byLabel
      .get(rows[Number(anchor)]!.label)!
      .filter((id) => id !== anchor && id !== partner.get(anchor))
      .map((id): Pair => [anchor, id]),
  );
  const visible = queries.map(({ id }): Pair => [id, partner.get(id)!]);
  return { documents, queries, visible, hidden, anchors };
}

/** The five captions of a photo, cut 3 + 2: the others of the part are visible, the other part is hidden. */
async function captions(folder: string): Promise<ProofSet> {
  const rows = await readJsonl<{ image_id: string; captions: string[] }>(join(folder, 'captions.jsonl'));
  const documents = rows.flatMap(({ image_id, captions }) =>
    captions.map((text, k) => ({ id: `${image_id}#${k}`, text })),
  );
  const visible: Pair[] = [];
  const other = new Map<string, readonly string[]>();
  for (const { image_id, captions } of rows) {
    const ids = orderedByHash(
      captions.map((_, k) => `${image_id}#${k}`),
      'pair',
      (id) => id,
    );
    const parts = [ids.slice(0, 3), ids.slice(3)];
    parts.forEach((part, i) => {
      for (const id of part) {
        other.set(id, parts[1 - i]!);
        visible.push(...part.filter((mate) => mate !== id).map((mate): Pair => [id, mate]));
      }
    });
  }
  const paired = new Set(visible.map(([query]) => query));
  const queries = documents.filter(({ id }) => paired.has(id));
  const anchors = orderedByHash(queries, 'anchor', ({ id }) => id)
    .slice(0, ANCHORS)
    .map(({ id }) => id);
  const hidden = anchors.flatMap((id) => other.get(id)!.map((mate): Pair => [id, mate]));
  return { documents, queries, visible, hidden, anchors };
}
