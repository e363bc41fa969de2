import { type Funnel, NO_CANDIDATE, REASONS, type Reason } from '@quarry/workflows';
import { emittedPairs } from './emitted-pairs.ts';
import { addScore, emptyHistogram, type Histogram } from './histogram.ts';

/** Rows that the tables will hold. */
export interface TableRows {
  readonly triplet: number;
  readonly 'n-tuple': number;
  readonly candidates: number;
}

/** What the final verdicts on some queries add up to: the figures of the stages `filter` (margin) and `cluster`. */
export interface MiningFigures {
  readonly funnel: Funnel;
  readonly rows: TableRows;
  /** Queries whose rows are emitted, with fewer than `numNegatives` kept. */
  readonly queriesWithFewer: number;
  readonly scores: { readonly kept: Histogram; readonly dropped: Histogram; readonly positive: Histogram };
}

/** One query's final verdicts with what is needed to count them. */
export interface JudgedQuery {
  /** int32 [k]: candidates, -1 padded */
  readonly documents: Int32Array;
  /** float32 [k] */
  readonly scores: Float32Array;
  /** uint8 [k] */
  readonly reasons: Uint8Array;
  /** Candidates kept. */
  readonly kept: number;
  /** Entry in `pair.npy`. */
  readonly pair: number;
  /** float32: one per pair of the query */
  readonly positiveScores: Float32Array;
}

/**
 * The funnel of some verdicts.
 *
 * @throws RangeError where a code is no reason
 */
export function countReasons(reasons: Uint8Array): Funnel {
  const counts = new Array<number>(REASONS.length).fill(0);
  let candidates = 0;
  for (const code of reasons) {
    if (code === NO_CANDIDATE) continue;
    candidates++;
    if (code >= REASONS.length) throw new RangeError(`${code} is the code of no reason`);
    counts[code]!++;
  }
  return funnelOf(candidates, counts);
}

/** @throws RangeError where candidates differ from kept + dropped */
function funnelOf(candidates: number, counts: readonly number[]): Funnel {
  const dropped: Partial<Record<Reason, number>> = {};
  for (const [code, reason] of REASONS.entries()) {
    if (code > 0 && counts[code]! > 0) dropped[reason] = counts[code]!;
  }
  const kept = counts[0]!;
  const sum = Object.values(dropped).reduce((total, count) => total + count, kept);
  if (sum !== candidates) throw new RangeError(`${candidates} candidates, but kept + dropped are ${sum}`);
  return { candidates, kept, dropped };
}

/** Adds up verdicts, query by query. */
export class MiningTally {
  readonly #numNegatives: number;
  readonly #reasons = new Array<number>(REASONS.length).fill(0);
  readonly #rows = { triplet: 0, 'n-tuple': 0, candidates: 0 };
  readonly #scores = { kept: emptyHistogram(), dropped: emptyHistogram(), positive: emptyHistogram() };
  #queriesWithFewer = 0;

  constructor(numNegatives: number) {
    this.#numNegatives = numNegatives;
  }

  /** @throws RangeError where a candidate has no verdict, or a verdict no candidate */
  add(query: JudgedQuery): void {
    const { documents, scores, reasons, positiveScores } = query;
    let kept = 0;
    for (let place = 0; place < documents.length; place++) {
      const reason = reasons[place]!;
      if (
        documents[place]! < 0 !== (reason === NO_CANDIDATE) ||
        (reason >= REASONS.length && reason !== NO_CANDIDATE)
      ) {
        throw new RangeError(`candidate ${place}, document ${documents[place]}, has the verdict ${reason}`);
      }
      if (reason === NO_CANDIDATE) continue;
      this.#rows.candidates++;
      this.#reasons[reason]!++;
      if (reason === 0) kept++;
      addScore(reason === 0 ? this.#scores.kept : this.#scores.dropped, scores[place]!);
    }
    if (kept !== query.kept)
      throw new RangeError(`${query.kept} candidates listed as kept, ${kept} judged so`);
    for (const score of positiveScores) addScore(this.#scores.positive, score);
    const emitted = emittedPairs(query.pair, positiveScores.length);
    this.#rows.triplet += emitted * kept;
    if (kept >= this.#numNegatives) this.#rows['n-tuple'] += emitted;
    else if (emitted > 0) this.#queriesWithFewer++;
  }

  /** So far. */
  get rows(): TableRows {
    return { ...this.#rows };
  }

  /** @throws RangeError where candidates differ from kept + dropped */
  figures(): MiningFigures {
    return {
      funnel: funnelOf(this.#rows.candidates, this.#reasons),
      rows: this.rows,
      queriesWithFewer: this.#queriesWithFewer,
      scores: this.#scores,
    };
  }
}
