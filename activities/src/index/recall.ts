import type { Hits } from './vector-index.ts';

/**
 * The queries on which recall is measured: those with the smallest hash of (seed, query), so the sample depends on
 * nothing else. Ascending.
 */
export function sampleQueries(queries: number, size: number, seed: number): Int32Array {
  const kept: { readonly query: number; readonly hash: number }[] = [];
  for (let query = 0; query < queries; query++) {
    const hash = seededHash(seed, query);
    if (kept.length === size && hash >= kept[size - 1]!.hash) continue;
    let at = kept.length;
    while (at > 0 && kept[at - 1]!.hash > hash) at--;
    kept.splice(at, 0, { query, hash });
    if (kept.length > size) kept.pop();
  }
  return Int32Array.from(kept, ({ query }) => query).sort();
}

/** 32 bits, by the finaliser of MurmurHash3 over seed and query. */
function seededHash(seed: number, query: number): number {
  return mix(mix(seed >>> 0) ^ Math.imul(query + 1, 0x9e3779b9)) >>> 0;
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Share of the exact best `depth` that an index found, for each query. A candidate whose score equals the exact last
 * one counts as found: between equal scores the choice is free.
 *
 * @param exact lists [queries, k], exact
 * @param found lists [queries, k] of the index, with true scores
 */
export function recallPerQuery(exact: Hits, found: Hits, k: number, depth: number): Float64Array {
  const queries = exact.ids.length / k;
  return Float64Array.from({ length: queries }, (_, query) => {
    const start = query * k;
    const right = exact.ids.subarray(start, start + depth).filter((id) => id >= 0);
    if (right.length === 0) return 1;
    const last = exact.scores[start + right.length - 1]!;
    const known = new Set(right);
    let count = 0;
    for (let i = start; i < start + depth; i++) {
      if (found.ids[i]! >= 0 && (known.has(found.ids[i]!) || found.scores[i] === last)) count++;
    }
    return Math.min(1, count / right.length);
  });
}

/** A mean over a sample of queries and where the mean over all of them lies with 95 % confidence. */
export interface Estimate {
  readonly mean: number;
  /** Of one query's figure. */
  readonly variance: number;
  readonly lower: number;
  readonly upper: number;
}

/** Normal interval from the variance between queries, corrected for a finite population, clipped to 0..1. */
export function estimate(perQuery: Float64Array, population: number): Estimate {
  const n = perQuery.length;
  const mean = perQuery.reduce((sum, x) => sum + x, 0) / n;
  const variance = n < 2 ? 0 : perQuery.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1);
  const finite = population < 2 ? 0 : Math.max(0, (population - n) / (population - 1));
  const half = 1.96 * Math.sqrt((variance / n) * finite);
  return { mean, variance, lower: Math.max(0, mean - half), upper: Math.min(1, mean + half) };
}
