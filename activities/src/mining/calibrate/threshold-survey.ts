/** Thresholds that a survey looks at: from -1.5 to 1.5 in steps of 1/64, and one that drops nothing. */
export const GRID: readonly number[] = [
  ...Array.from({ length: 193 }, (_, i) => -1.5 + i / 64),
  Number.MAX_VALUE,
];

/** What each threshold of the grid would leave, added up over queries. */
export interface SurveyFigures {
  readonly queries: number;
  /** Negatives taken, the best `numNegatives` below the threshold. */
  readonly taken: readonly number[];
  /** Queries with at least one. */
  readonly filled: readonly number[];
  /** Sum over those queries of the mean score of what is taken. */
  readonly hardness: readonly number[];
  /** Hidden positives among what is taken, and what is taken of the queries that have some. */
  readonly hidden: readonly number[];
  readonly takenBeside: readonly number[];
}

/** One query's candidates that every other filter passes: best first. */
export interface SurveyedQuery {
  readonly scores: readonly number[];
  /** What the open filter measures; NaN is never dropped. */
  readonly measures: readonly number[];
  /** Which of them are hidden positives; absent where the query has none. */
  readonly hidden?: readonly boolean[];
}

/** Surveys query after query. Memory: a few kB. */
export class ThresholdSurvey {
  readonly #numNegatives: number;
  #queries = 0;
  readonly #sums = {
    taken: zeros(),
    filled: zeros(),
    hardness: zeros(),
    hidden: zeros(),
    takenBeside: zeros(),
  };

  constructor(numNegatives: number) {
    this.#numNegatives = numNegatives;
  }

  add({ scores, measures, hidden }: SurveyedQuery): void {
    this.#queries++;
    const order = [...measures.keys()].sort((a, b) => level(measures[a]!) - level(measures[b]!) || a - b);
    const taken: number[] = [];
    let next = 0;
    for (const [i, threshold] of GRID.entries()) {
      for (; next < order.length && level(measures[order[next]!]!) <= threshold; next++) {
        insert(taken, order[next]!, this.#numNegatives);
      }
      if (taken.length === 0) continue;
      this.#sums.taken[i]! += taken.length;
      this.#sums.filled[i]!++;
      this.#sums.hardness[i]! += taken.reduce((sum, place) => sum + scores[place]!, 0) / taken.length;
      if (!hidden) continue;
      this.#sums.hidden[i]! += taken.filter((place) => hidden[place]).length;
      this.#sums.takenBeside[i]! += taken.length;
    }
  }

  figures(): SurveyFigures {
    return { queries: this.#queries, ...this.#sums };
  }
}

function zeros(): number[] {
  return new Array<number>(GRID.length).fill(0);
}

function level(measure: number): number {
  return Number.isNaN(measure) ? Number.NEGATIVE_INFINITY : measure;
}

/** Keeps the `count` smallest places (the best candidates) in order. */
function insert(taken: number[], place: number, count: number): void {
  let at = taken.length;
  while (at > 0 && taken[at - 1]! > place) at--;
  if (at >= count) return;
  taken.splice(at, 0, place);
  if (taken.length > count) taken.pop();
}

/** The `count`-th smallest measure: the strictest threshold that leaves `count`; Infinity where there are fewer. */
export function thresholdFor(measures: readonly number[], count: number): number {
  if (measures.length < count) return Number.POSITIVE_INFINITY;
  return measures.map(level).sort((a, b) => a - b)[count - 1]!;
}

/** Adds up the surveys of shards. At least one. */
export function sumSurveys(surveys: readonly SurveyFigures[]): SurveyFigures {
  const sum = (pick: (survey: SurveyFigures) => readonly number[]): number[] =>
    GRID.map((_, i) => surveys.reduce((total, survey) => total + pick(survey)[i]!, 0));
  return {
    queries: surveys.reduce((total, { queries }) => total + queries, 0),
    taken: sum(({ taken }) => taken),
    filled: sum(({ filled }) => filled),
    hardness: sum(({ hardness }) => hardness),
    hidden: sum(({ hidden }) => hidden),
    takenBeside: sum(({ takenBeside }) => takenBeside),
  };
}
