import { join } from 'node:path';
import { orderedByHash } from '../ordered-by-hash.ts';
import { type Pair, readJsonl, readPairs, type Text, type TrainingSet } from './training-set.ts';

/**
 * The three sets, after the protocol of shared/reference/baselines.md, cut so that a training takes about a minute of one
 * core. Every choice is an order by hash.
 */

/** Texts of one intent that are trained on; the rest of `train.jsonl` is left out. */
const BANKING_TEXTS = 40;
const BANKING_QUERIES = 1000;
const SCIFACT_DOCUMENTS = 1000;
const PHOTOS = { trained: 800, heldOut: 300 };

export const SETS = {
  banking77: { make: banking77, maxLength: 64, steps: 40 },
  scifact: { make: scifact, maxLength: 96, steps: 20 },
  captions: { make: captions, maxLength: 64, steps: 40 },
} as const satisfies Record<
  string,
  { make: (data: string) => Promise<TrainingSet>; maxLength: number; steps: number }
>;
export type SetName = keyof typeof SETS;

interface Labelled extends Text {
  readonly label: string;
}

/** Two texts of an intent are a visible pair; the rest of the intent is hidden. Held out: `test.jsonl`, nearest text. */
async function banking77(data: string): Promise<TrainingSet> {
  const read = async (split: string): Promise<Labelled[]> =>
    (await readJsonl<Omit<Labelled, 'id'>>(join(data, 'banking77', `${split}.jsonl`))).map((row, id) => ({
      ...row,
      id: String(id),
    }));
  const groups = [...groupBy(await read('train'), ({ label }) => label).values()].map((texts) =>
    orderedByHash(texts, 'pair', ({ id }) => id).slice(0, BANKING_TEXTS),
  );
  const documents = groups.flat();
  const halves = groups.flatMap((texts) => chunks(texts, 2)).filter(({ length }) => length === 2);
  const visible = halves.flatMap(mutualPairs);
  const partner = new Map(visible);
  const hidden = groups.flatMap((texts) =>
    mutualPairs(texts).filter(([query, document]) => partner.has(query) && partner.get(query) !== document),
  );
  const places = groupBy(
    documents.map(({ label }, place) => ({ label, place })),
    ({ label }) => label,
  );
  const asked = orderedByHash(await read('test'), 'held-out', ({ id }) => id).slice(0, BANKING_QUERIES);
  return {
    documents,
    queries: documents.filter(({ id }) => partner.has(id)),
    visible,
    hidden,
    heldOut: {
      metric: 'accuracy',
      documents: documents.map(({ text }) => text),
      queries: asked.map(({ text, label }) => ({
        text,
        relevant: (places.get(label) ?? []).map(({ place }) => place),
        self: null,
      })),
    },
  };
}

/** Of a claim with several abstracts half are visible. Held out: the test claims, over their abstracts and others. */
async function scifact(data: string): Promise<TrainingSet> {
  const folder = join(data, 'scifact');
  const corpus = await readJsonl<{ _id: string; title: string; text: string }>(join(folder, 'corpus.jsonl'));
  const documents = corpus.map(({ _id, title, text }) => ({ id: _id, text: `${title} ${text}` }));
  const claims = await readJsonl<{ _id: string; text: string }>(join(folder, 'queries.jsonl'));
  const textOf = new Map(claims.map(({ _id, text }) => [_id, text]));
  const visible: Pair[] = [];
  const hidden: Pair[] = [];
  for (const pairs of groupBy(
    await readPairs(join(folder, 'qrels/train.tsv')),
    ([query]) => query,
  ).values()) {
    const ordered = orderedByHash(pairs, 'visible', ([query, document]) => `${query}:${document}`);
    const shown = Math.max(1, Math.floor(ordered.length / 2));
    visible.push(...ordered.slice(0, shown));
    hidden.push(...ordered.slice(shown));
  }
  const test = await readPairs(join(folder, 'qrels/test.tsv'));
  const asked = groupBy(test, ([query]) => query);
  const wanted = new Set(test.map(([, document]) => document));
  const others = documents.filter(({ id }) => !wanted.has(id));
  const pool = [
    ...documents.filter(({ id }) => wanted.has(id)),
    ...orderedByHash(others, 'held-out', ({ id }) => id).slice(0, SCIFACT_DOCUMENTS - wanted.size),
  ];
  const place = new Map(pool.map(({ id }, i) => [id, i]));
  return {
    documents,
    queries: [...new Set(visible.map(([query]) => query))].map((id) => ({ id, text: textOf.get(id)! })),
    visible,
    hidden,
    heldOut: {
      metric: 'nDCG@10',
      documents: pool.map(({ text }) => text),
      queries: [...asked].map(([query, pairs]) => ({
        text: textOf.get(query)!,
        relevant: pairs.flatMap(([, document]) => place.get(document) ?? []),
        self: null,
      })),
    },
  };
}

/** The five captions of a photo, cut 3 + 2; the other part is hidden. Held out: other photos, caption to caption. */
async function captions(data: string): Promise<TrainingSet> {
  const rows = await readJsonl<{ image_id: string; captions: string[] }>(
    join(data, 'flickr8k-captions', 'captions.jsonl'),
  );
  const photos = orderedByHash(rows, 'photo', ({ image_id }) => image_id).map(({ image_id, captions }) =>
    captions.map((text, k) => ({ id: `${image_id}#${k}`, text })),
  );
  const trained = photos.slice(0, PHOTOS.trained);
  const heldOut = photos.slice(PHOTOS.trained, PHOTOS.trained + PHOTOS.heldOut);
  const parts = trained.map((photo) =>
    chunks(
      orderedByHash(photo, 'pair', ({ id }) => id),
      3,
    ),
  );
  const texts = heldOut.flat();
  return {
    documents: trained.flat(),
    queries: trained.flat(),
    visible: parts.flat().flatMap(mutualPairs),
    hidden: parts.flatMap(([first, second]) => [...across(first!, second!), ...across(second!, first!)]),
    heldOut: {
      metric: 'nDCG@10',
      documents: texts.map(({ text }) => text),
      queries: texts.map(({ text }, self) => {
        const first = self - (self % 5);
        return { text, relevant: [0, 1, 2, 3, 4].map((k) => first + k).filter((k) => k !== self), self };
      }),
    },
  };
}

function mutualPairs(texts: readonly Text[]): Pair[] {
  return texts.flatMap(({ id }) =>
    texts.flatMap((other) => (other.id === id ? [] : [[id, other.id] as const])),
  );
}

function across(from: readonly Text[], to: readonly Text[]): Pair[] {
  return from.flatMap(({ id }) => to.map((other) => [id, other.id] as const));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
