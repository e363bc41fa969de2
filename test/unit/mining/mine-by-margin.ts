import { markIneligible } from '@quarry/activities/mining/eligibility';
import type { JobInput } from '@quarry/workflows';
import { candidatesPerQuery } from '@quarry/workflows/candidates-per-query';
import { jobSchema } from '@quarry/workflows/job';
import { keepByMargin } from './keep-by-margin.ts';
import { matrixOf, rankExactly } from './rank-exactly.ts';
import { pairsOf } from './saha-problem.ts';

/** A data set small enough to be held whole, as `shared/golden/sentence-transformers` has it. */
export interface MarginProblem {
  /** Vectors, one per query; normalised before use. */
  readonly queries: readonly (readonly number[])[];
  /** Vectors, one per document; normalised before use. */
  readonly documents: readonly (readonly number[])[];
  /** [query, document], in data-set order */
  readonly positives: readonly (readonly [number, number])[];
}

/** [query, positive, negative, the positive's score, the negative's score] */
export type ScoredTriplet = [number, number, number, number, number];

/** The triplets of `strategy: margin` in order: exact search, the chain and the sampling of a job, without the pipeline. */
export function mineByMargin(problem: MarginProblem, parameters: JobInput['mining']): ScoredTriplet[] {
  const { mining, seed } = jobSchema.parse({
    name: 'margin',
    input: { format: 'pairs', path: 'x' },
    mining: { ...parameters, strategy: 'margin' },
  });
  const queries = normalised(problem.queries);
  const documents = normalised(problem.documents);
  const dimension = problem.queries[0]!.length;
  // Queries in the order of their first row, as sentence-transformers has them.
  const names = [...new Set(problem.positives.map(([query]) => query))];
  const positives = problem.positives.map(([query, document]): [number, number] => [
    names.indexOf(query),
    document,
  ]);
  const pairs = pairsOf(positives, names.length);
  const { queryPairs, pairDocument } = pairs;
  const maxPositives = names.reduce((most, _, i) => Math.max(most, queryPairs[i + 1]! - queryPairs[i]!), 0);
  const size = { maxPositives, documents: problem.documents.length };
  const { k, rangeMax } = candidatesPerQuery(mining, size);
  const rule = { ...mining, rangeMax, depth: rangeMax + maxPositives, seed };
  return names.flatMap((name, query) => {
    const all = rankExactly(queries, name, documents, dimension, problem.documents.length);
    const scoreOf = new Map([...all.ids].map((id, place) => [id, all.scores[place]!]));
    const own = pairDocument.subarray(queryPairs[query], queryPairs[query + 1]);
    const positiveScores = Float32Array.from(own, (document) => scoreOf.get(document)!);
    const ids = all.ids.subarray(0, k);
    const reasons = new Uint8Array(k);
    markIneligible(pairs, query, ids, Int32Array.of(-1, -1), reasons);
    const scores = all.scores.subarray(0, k);
    const kept = keepByMargin(rule, { query, scores, reasons, positiveScores });
    return [...own].flatMap((positive, i) =>
      kept.map((place): ScoredTriplet => [name, positive, ids[place]!, positiveScores[i]!, scores[place]!]),
    );
  });
}

function normalised(rows: readonly (readonly number[])[]): Float32Array {
  return matrixOf(rows.map((row) => row.map((x) => x / Math.hypot(...row))));
}
