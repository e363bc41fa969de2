import { MiningTally } from '@quarry/activities/mining/mining-tally';
import { NO_CANDIDATE } from '@quarry/workflows';

/** The document at a place of a query's candidates; the positive stands at place 0. */
export function candidate(query: number, place: number, documents: number): number {
  return (2 * query + place * 7) % documents;
}

/** One query shard's candidates and the verdicts on them. */
export interface JudgedShard {
  readonly ids: Int32Array;
  readonly scores: Float32Array;
  readonly reasons: Uint8Array;
  readonly kept: Int16Array;
  readonly keptWidth: number;
  readonly keptIds: readonly number[][];
  readonly pair: Int32Array;
  readonly tally: MiningTally;
}

/** Verdicts by `keep`, which gives the places of a query's kept candidates; a fourth of the queries has a candidate less. */
export function judgeShard(
  start: number,
  end: number,
  documents: number,
  k: number,
  numNegatives: number,
  keep: (query: number, k: number) => number[],
): JudgedShard {
  const rows = end - start;
  const ids = new Int32Array(rows * k);
  const scores = new Float32Array(rows * k);
  const reasons = new Uint8Array(rows * k);
  const keptWidth = Math.max(numNegatives, 1);
  const kept = new Int16Array(rows * keptWidth).fill(-1);
  const pair = new Int32Array(rows).fill(-1);
  const keptIds: number[][] = [];
  const tally = new MiningTally(numNegatives);
  for (let i = 0; i < rows; i++) {
    const query = start + i;
    const places = keep(query, k).slice(0, keptWidth);
    const present = query % 4 === 3 ? k - 1 : k;
    for (let place = 0; place < k; place++) {
      const at = i * k + place;
      const there = place < present;
      ids[at] = there ? candidate(query, place, documents) : -1;
      scores[at] = there ? 0.9 - place / 10 - query / 1e6 : Number.NEGATIVE_INFINITY;
      reasons[at] = !there ? NO_CANDIDATE : place === 0 ? 2 : places.includes(place) ? 0 : 8;
    }
    const found = places.filter((place) => place < present);
    kept.set(found, i * keptWidth);
    keptIds.push(found.map((place) => ids[i * k + place]!));
    tally.add({
      query,
      documents: ids.subarray(i * k, (i + 1) * k),
      scores: scores.subarray(i * k, (i + 1) * k),
      reasons: reasons.subarray(i * k, (i + 1) * k),
      kept: found.length,
      pair: -1,
      positiveScores: scores.slice(i * k, i * k + 1),
    });
  }
  return { ids, scores, reasons, kept, keptWidth, keptIds, pair, tally };
}
