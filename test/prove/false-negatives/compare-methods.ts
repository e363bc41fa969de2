import { GemmSearch } from '@quarry/activities/index/gemm-search';
import { pairMeasure } from '@quarry/activities/mining/filters/pair';
import { type Anchors, rowsOf } from './anchors.ts';
import type { MinedSet, PairOf } from './mined-set.ts';
import { NEGATIVES, Sweep } from './sweep.ts';

/** Candidates of an anchor at most, by score (the protocol's pool for the largest set). */
const POOL = 15_000;
/** Anchors scored at once. */
const BLOCK = 50;
const SETTINGS = 120;

/** Methods with a knob: what each measures of a candidate, dropped above the threshold. */
export const METHODS = [
  'skip n',
  'PercPos',
  'max score',
  'SaHa filter',
  'pair rule of the baselines',
  'the same, no owners',
  'best',
  'best, no owners',
] as const;
export type Method = (typeof METHODS)[number];

/** Sweeps of all methods over one set, and what they are compared by. */
export interface Compared {
  readonly sweeps: Readonly<Record<Method, Sweep>>;
  readonly thresholds: Readonly<Record<Method, Float64Array>>;
  /** Mean score of the ten hardest true negatives of each anchor; mean score of its visible positives. */
  readonly ceiling: Float64Array;
  readonly positives: Float64Array;
}

/** One anchor's candidates in rank order, with what every method measures. */
interface Pool {
  readonly documents: Int32Array;
  readonly scores: Float32Array;
  readonly hidden: Uint8Array;
  readonly measures: Readonly<Record<Method, Float32Array>>;
}

/** Every method on the same candidates and vectors. Memory: one block's scores, 12 bytes per anchor, method and setting. */
export async function compareMethods(mined: MinedSet, anchors: Anchors, threads: number): Promise<Compared> {
  const count = anchors.queries.length;
  const sweeps = Object.fromEntries(METHODS.map((name) => [name, new Sweep(count, SETTINGS)])) as Record<
    Method,
    Sweep
  >;
  const ceiling = new Float64Array(count);
  const positives = new Float64Array(count);
  const gemm = await GemmSearch.open(threads);
  let thresholds: Record<Method, Float64Array> | undefined;
  try {
    for (let start = 0; start < count; start += BLOCK) {
      const end = Math.min(start + BLOCK, count);
      const pools = await poolsOf(gemm, mined, anchors, start, end, positives);
      thresholds ??= thresholdsOf(pools);
      for (const [i, pool] of pools.entries()) {
        const anchor = start + i;
        ceiling[anchor] = hardestTrue(pool);
        for (const name of METHODS) {
          if (name === 'SaHa filter') sahaFilter(sweeps[name], anchor, pool);
          else
            sweeps[name].takeBelow(anchor, thresholds[name], pool.scores, pool.measures[name], pool.hidden);
        }
      }
    }
  } finally {
    await gemm.close();
  }
  return { sweeps, thresholds: thresholds!, ceiling, positives };
}

async function poolsOf(
  gemm: GemmSearch,
  mined: MinedSet,
  anchors: Anchors,
  start: number,
  end: number,
  positiveMeans: Float64Array,
): Promise<Pool[]> {
  const asked = anchors.queries.subarray(start, end);
  const own = rowsOf(mined.queries.vectors, asked);
  const scores = await gemm.scores(own, mined.documents.vectors);
  const queryScores = await gemm.scores(own, mined.queries.vectors);
  const pair = await pairScores(gemm, mined.pair, asked);
  const alone = await pairScores(gemm, mined.pairAlone, asked);
  const known = anchors.positives.slice(start, end);
  const bounds = [0];
  for (const list of known) bounds.push(bounds.at(-1)! + list.length);
  const known32 = Int32Array.from(known.flatMap((list) => [...list]));
  const positiveRows = rowsOf(mined.documents.vectors, known32);
  const positiveScores = await gemm.scores(positiveRows, mined.documents.vectors);
  const positiveOwners = await gemm.scores(positiveRows, mined.queries.vectors);
  const documents = mined.documents.vectors.rows;
  const queries = mined.queries.vectors.rows;
  return Array.from(asked, (query, i) => {
    const rows = Array.from({ length: bounds[i + 1]! - bounds[i]! }, (_, n) => bounds[i]! + n);
    const own = [...known[i]!].map((document) => scores[i * documents + document]!);
    positiveMeans[start + i] = own.reduce((a, b) => a + b, 0) / own.length;
    return poolOf(mined, anchors, start + i, {
      query,
      score: scores.subarray(i * documents, (i + 1) * documents),
      owner: queryScores.subarray(i * queries, (i + 1) * queries),
      pair: pair.subarray(i * documents, (i + 1) * documents),
      alone: alone.subarray(i * documents, (i + 1) * documents),
      positive: rows.map((row) => positiveScores.subarray(row * documents, (row + 1) * documents)),
      positiveOwner: rows.map((row) => positiveOwners.subarray(row * queries, (row + 1) * queries)),
      lowest: Math.min(...own),
    });
  });
}

function pairScores(gemm: GemmSearch, { queryVectors, documentVectors }: PairOf, asked: Int32Array) {
  return gemm.scores(rowsOf(queryVectors, asked), documentVectors);
}

/** One anchor's scores of every document, or of every query. */
interface AnchorScores {
  readonly query: number;
  readonly score: Float32Array;
  readonly owner: Float32Array;
  readonly pair: Float32Array;
  readonly alone: Float32Array;
  readonly positive: readonly Float32Array[];
  readonly positiveOwner: readonly Float32Array[];
  readonly lowest: number;
}

function poolOf(mined: MinedSet, anchors: Anchors, anchor: number, own: AnchorScores): Pool {
  const barred = anchors.barred[anchor]!;
  const all = Int32Array.from(own.score.keys()).filter((document) => !barred.has(document));
  const documents = all.sort((a, b) => own.score[b]! - own.score[a]! || a - b).subarray(0, POOL);
  const { query } = own;
  const { hubness } = mined;
  const r = (name: 'pair' | 'pairAlone', document: number, likeness: number): number =>
    pairMeasure(likeness, mined[name].queries[query]!, mined[name].documents[document]!);
  const positives = anchors.positives[anchor]!;
  const ofPositives = positives.reduce((sum, p) => sum + hubness.documents[p]!, 0) / positives.length;
  const measure = (value: (document: number, rank: number) => number): Float32Array =>
    Float32Array.from(documents, value);
  const ownerOf = documents.map((document) => nearest(anchors.owners[document]!, own.owner, query));
  const four = (document: number, owner: number): number => {
    const toPositive = largest(own.positive, document);
    const toOwner = owner < 0 ? own.score[document]! : own.owner[owner]!;
    const positiveToOwner = owner < 0 ? toPositive : largest(own.positiveOwner, owner);
    const ofOwner = owner < 0 ? hubness.documents[document]! : hubness.queries[owner]!;
    const sum = own.score[document]! + toPositive + toOwner + positiveToOwner;
    return (
      sum / 2 - (hubness.queries[query]! + ofPositives) / 2 - (hubness.documents[document]! + ofOwner) / 2
    );
  };
  return {
    documents,
    scores: measure((document) => own.score[document]!),
    hidden: Uint8Array.from(documents, (document) => (anchors.hidden[anchor]!.has(document) ? 1 : 0)),
    measures: {
      'skip n': measure((_, rank) => -rank),
      PercPos: measure((document) => own.score[document]! - own.lowest).map(
        (x) => x / Math.max(1e-9, Math.abs(own.lowest)),
      ),
      'max score': measure((document) => own.score[document]!),
      'SaHa filter':
        ownerOf.length === 0
          ? new Float32Array(0)
          : Float32Array.from(ownerOf, (owner) => (owner < 0 ? Number.NaN : own.owner[owner]!)),
      'pair rule of the baselines': measure((document, rank) => four(document, ownerOf[rank]!)),
      'the same, no owners': measure((document) => four(document, -1)),
      best: measure((document) => r('pair', document, own.pair[document]!)),
      'best, no owners': measure((document) => r('pairAlone', document, own.alone[document]!)),
    },
  };
}

/** The owner most similar to the anchor, -1 where there is none but the anchor itself. */
function nearest(owners: readonly number[], scores: Float32Array, query: number): number {
  let found = -1;
  for (const owner of owners) {
    if (owner !== query && (found < 0 || scores[owner]! > scores[found]!)) found = owner;
  }
  return found;
}

function largest(rows: readonly Float32Array[], at: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const row of rows) if (row[at]! > most) most = row[at]!;
  return most;
}

function hardestTrue({ scores, hidden }: Pool): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < scores.length && count < NEGATIVES; i++) {
    if (hidden[i] === 1) continue;
    sum += scores[i]!;
    count++;
  }
  return sum / Math.max(1, count);
}

/** Thresholds of each method: quantiles of what it measures of the first block, denser at the strict end. */
function thresholdsOf(pools: readonly Pool[]): Record<Method, Float64Array> {
  const of = (name: Method): Float64Array => {
    const values = Float64Array.from(
      pools.flatMap(({ measures }) => [...measures[name]].filter(Number.isFinite)),
    ).sort();
    return Float64Array.from({ length: SETTINGS }, (_, i) => {
      const share = 1 - (1 - (i + 1) / SETTINGS) ** 2;
      return i === SETTINGS - 1 ? Number.MAX_VALUE : (values[Math.floor(share * (values.length - 1))] ?? 0);
    });
  };
  return Object.fromEntries(METHODS.map((name) => [name, of(name)])) as Record<Method, Float64Array>;
}

/** Of the first 10 m candidates with an owner the ten with the owner least similar to the anchor; m from 1 to 40. */
function sahaFilter(sweep: Sweep, anchor: number, { scores, measures, hidden }: Pool): void {
  const similarity = measures['SaHa filter'];
  const owned: number[] = [];
  for (let i = 0; i < similarity.length; i++) if (!Number.isNaN(similarity[i]!)) owned.push(i);
  for (let setting = 0; setting < sweep.settings; setting++) {
    const m = 1 + (39 * setting) / (sweep.settings - 1);
    const first = owned.slice(0, Math.round(NEGATIVES * m));
    first.sort((a, b) => similarity[a]! - similarity[b]! || a - b);
    for (const place of first.slice(0, NEGATIVES))
      sweep.take(anchor, setting, scores[place]!, hidden[place] === 1);
  }
}
