import { type Funnel, NO_CANDIDATE, REASONS, type Reason } from '@quarry/workflows';
import { emittedPairs } from './emitted-pairs.ts';
import { addScore, emptyHistogram, type Histogram } from './histogram.ts';
import { addRank, emptyRanks, type RankCounts } from './rank-bins.ts';
import { type Shortfall, ShortfallTally } from './shortfall.ts';
import { type Suspect, Suspects, suspicion } from './suspects.ts';

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
  /** Queries whose rows are emitted, by the negatives they keep. */
  readonly keptPerQuery: Readonly<Record<number, number>>;
  /** Ranks of the kept. */
  readonly keptRanks: Readonly<RankCounts>;
  readonly scores: {
    readonly positive: Histogram;
    readonly kept: Histogram;
    readonly dropped: Readonly<Partial<Record<Reason, Histogram>>>;
  };
  /** Similarity of the owners that were looked at to the query. */
  readonly ownerScores: { readonly kept: Histogram; readonly dropped: Histogram };
  readonly shortfall: Shortfall;
  /** The likeliest false negatives, at most `MOST_SUSPECTS`. */
  readonly suspects: readonly Suspect[];
}

/** One query's final verdicts with what is needed to count them. */
export interface JudgedQuery {
  /** Dense id. */
  readonly query: number;
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
  /** float32 [k]: similarity to the query of the owner looked at, NaN none; absent where none are looked at */
  readonly ownerScores?: Float32Array | undefined;
  /** float32 [k]: what the pair rule measures, NaN none; absent where the chain has no pair rule */
  readonly pairScores?: Float32Array | undefined;
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

/** Adds up verdicts, query by query. Memory: 30 kB. */
export class MiningTally {
  readonly #numNegatives: number;
  readonly #reasons = new Array<number>(REASONS.length).fill(0);
  readonly #rows = { triplet: 0, 'n-tuple': 0, candidates: 0 };
  /** By the code of the reason; 0 is kept. */
  readonly #scores: (Histogram | undefined)[] = [emptyHistogram()];
  readonly #positive = emptyHistogram();
  readonly #ownerScores = { kept: emptyHistogram(), dropped: emptyHistogram() };
  readonly #keptPerQuery: Record<number, number> = {};
  readonly #keptRanks = emptyRanks();
  readonly #shortfall = new ShortfallTally();
  readonly #suspects = new Suspects();
  #queriesWithFewer = 0;

  constructor(numNegatives: number) {
    this.#numNegatives = numNegatives;
  }

  /** @throws RangeError where a candidate has no verdict, or a verdict no candidate */
  add(query: JudgedQuery): void {
    const { documents, scores, reasons, positiveScores, ownerScores } = query;
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
      this.#scores[reason] ??= emptyHistogram();
      addScore(this.#scores[reason], scores[place]!);
      if (reason === 0) {
        kept++;
        addRank(this.#keptRanks, place + 1);
      }
      const ownerScore = ownerScores?.[place] ?? Number.NaN;
      if (!Number.isNaN(ownerScore)) {
        addScore(reason === 0 ? this.#ownerScores.kept : this.#ownerScores.dropped, ownerScore);
      }
    }
    if (kept !== query.kept)
      throw new RangeError(`${query.kept} candidates listed as kept, ${kept} judged so`);
    for (const score of positiveScores) addScore(this.#positive, score);
    this.#suspect(query);
    const emitted = emittedPairs(query.pair, positiveScores.length);
    if (emitted > 0) this.#keptPerQuery[kept] = (this.#keptPerQuery[kept] ?? 0) + 1;
    this.#rows.triplet += emitted * kept;
    if (kept >= this.#numNegatives) this.#rows['n-tuple'] += emitted;
    else if (emitted > 0) {
      this.#queriesWithFewer++;
      const lowestPositive = positiveScores.reduce((low, score) => Math.min(low, score), Infinity);
      this.#shortfall.add({ scores, reasons, lowestPositive, missing: this.#numNegatives - kept });
    }
  }

  /** So far. */
  get rows(): TableRows {
    return { ...this.#rows };
  }

  /** @throws RangeError where candidates differ from kept + dropped */
  figures(): MiningFigures {
    const dropped: Partial<Record<Reason, Histogram>> = {};
    for (const [code, reason] of REASONS.entries()) {
      const histogram = this.#scores[code];
      if (code > 0 && histogram) dropped[reason] = histogram;
    }
    return {
      funnel: funnelOf(this.#rows.candidates, this.#reasons),
      rows: this.rows,
      queriesWithFewer: this.#queriesWithFewer,
      keptPerQuery: this.#keptPerQuery,
      keptRanks: this.#keptRanks,
      scores: { positive: this.#positive, kept: this.#scores[0]!, dropped },
      ownerScores: this.#ownerScores,
      shortfall: this.#shortfall.figures(),
      suspects: this.#suspects.list(),
    };
  }

  /** Offers the query's most suspect negative. */
  #suspect({
    query,
    documents,
    scores,
    reasons,
    positiveScores,
    ownerScores,
    pairScores,
  }: JudgedQuery): void {
    let worst = -1;
    let most = Number.NEGATIVE_INFINITY;
    const known = (values: Float32Array | undefined, place: number): number | null => {
      const value = values?.[place] ?? Number.NaN;
      return Number.isNaN(value) ? null : value;
    };
    const evidence = (place: number) => ({
      score: scores[place]!,
      ownerScore: known(ownerScores, place),
      pairScore: known(pairScores, place),
    });
    for (let place = 0; place < documents.length; place++) {
      if (reasons[place] !== 0) continue;
      const doubt = suspicion(evidence(place));
      if (doubt > most) [worst, most] = [place, doubt];
    }
    if (worst < 0) return;
    this.#suspects.offer({
      query,
      document: documents[worst]!,
      rank: worst + 1,
      positiveScore: positiveScores.reduce((high, score) => Math.max(high, score), -Infinity),
      ...evidence(worst),
      suspicion: most,
    });
  }
}
