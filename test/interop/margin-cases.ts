import { randomStream } from '@quarry/activities/mining/random-stream';
import fc from 'fast-check';
import type { MarginProblem } from '../unit/mining/mine-by-margin.ts';

/** Keyword arguments of `sentence_transformers.util.mine_hard_negatives` that decide about negatives. */
interface MarginParameters {
  readonly num_negatives: number;
  readonly range_min: number;
  readonly range_max?: number;
  readonly absolute_margin?: number;
  readonly relative_margin?: number;
  readonly max_score?: number;
  readonly min_score?: number;
}

/** A data set and how it is mined. */
export interface MarginCase extends MarginProblem {
  readonly parameters: MarginParameters;
}

/** Scores of two implementations differ by less; so do no two scores of a query, nor a score and a threshold. */
const APART = 2e-6;

const shape = fc.record({
  queries: fc.integer({ min: 1, max: 30 }),
  documents: fc.integer({ min: 2, max: 70 }),
  dimension: fc.integer({ min: 3, max: 16 }),
  /** Positives of a query at most. */
  mostPositives: fc.integer({ min: 1, max: 4 }),
  /** Near 0 positives score highest, from 2 on some score below 0. */
  noise: fc.constantFrom(0.3, 0.8, 2, 4),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

const margin = fc.constantFrom(0, 0.01, 0.05, 0.1, 0.3, 0.7);
const parameters = fc
  .record(
    {
      num_negatives: fc.integer({ min: 1, max: 8 }),
      range_min: fc.integer({ min: 0, max: 12 }),
      /** Ranks that the window leaves beyond the negatives asked for. */
      slack: fc.integer({ min: 0, max: 40 }),
      absolute_margin: margin,
      relative_margin: margin,
      max_score: fc.double({ min: -0.2, max: 1, noNaN: true }),
      min_score: fc.double({ min: -0.8, max: 0.6, noNaN: true }),
    },
    { requiredKeys: ['num_negatives', 'range_min'] },
  )
  .filter(({ min_score: low, max_score: high }) => low === undefined || high === undefined || low <= high)
  .map(({ slack, ...rest }): MarginParameters => {
    const range_max = slack === undefined ? {} : { range_max: rest.range_min + rest.num_negatives + slack };
    return { ...rest, ...range_max };
  });

/** Random cases of every parameter, the same for the same seed; scores are clear enough that any correct arithmetic agrees. */
export function marginCases(count: number, seed: number): MarginCase[] {
  return fc
    .sample(fc.record({ shape, parameters }), { numRuns: count, seed })
    .map(({ shape, parameters }) => {
      for (let attempt = 0; ; attempt++) {
        const problem = draw(shape, attempt);
        if (isClear(problem, parameters)) return { ...problem, parameters };
      }
    });
}

function draw(
  {
    queries,
    documents,
    dimension,
    mostPositives,
    noise,
    seed,
  }: typeof shape extends fc.Arbitrary<infer S> ? S : never,
  attempt: number,
): MarginProblem {
  const random = randomStream(seed, attempt);
  const vector = (near?: readonly number[]): number[] =>
    Array.from({ length: dimension }, (_, i) =>
      Math.fround((near?.[i] ?? 0) + (near ? noise : 1) * (2 * random() - 1)),
    );
  const corpus = Array.from({ length: documents }, () => vector());
  const positives: [number, number][] = [];
  const asked = Array.from({ length: queries }, (_, query) => {
    const own = new Set<number>();
    const wanted = 1 + Math.floor(random() * Math.min(mostPositives, documents - 1));
    while (own.size < wanted) own.add(Math.floor(random() * documents));
    for (const document of own)
      positives.splice(Math.floor(random() * (positives.length + 1)), 0, [query, document]);
    return vector(corpus[own.values().next().value!]);
  });
  return { queries: asked, documents: corpus, positives };
}

function isClear({ queries, documents, positives }: MarginProblem, parameters: MarginParameters): boolean {
  const unit = (row: readonly number[]): number[] => row.map((x) => x / Math.hypot(...row));
  const corpus = documents.map(unit);
  return queries.every((query, q) => {
    const own = unit(query);
    const scores = corpus.map((document) => document.reduce((sum, x, i) => sum + x * own[i]!, 0));
    const lowest = Math.min(...positives.filter(([of]) => of === q).map(([, document]) => scores[document]!));
    const { absolute_margin: step, relative_margin: part, max_score: high, min_score: low } = parameters;
    // At a margin of 0 the bar is the positive's own score, which is among the scores.
    const bars = [step && lowest - step, part && lowest - Math.abs(lowest) * part].filter(Boolean);
    const known = [...bars, high, low].filter((bar) => bar !== undefined);
    const sorted = scores.toSorted((a, b) => a - b);
    return (
      sorted.every((score, i) => i === 0 || score - sorted[i - 1]! > APART) &&
      known.every((bar) => scores.every((score) => Math.abs(score - bar) > APART))
    );
  });
}
