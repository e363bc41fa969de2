import type { Candidates } from './candidates.ts';
import type { Filter } from './filters/filter.ts';
import { CODE } from './reason-codes.ts';

/**
 * Up to `count` candidates that thresholds dropped, for a query that has too few: those of the last filter of the chain
 * first, of one filter those that lie least beyond its threshold, equal ones in rank order. What was dropped by a fact
 * (the query itself, a known positive, a duplicate, a rank) stays dropped.
 *
 * @returns places
 */
export function relaxed(chain: readonly Filter[], candidates: Candidates, count: number): readonly number[] {
  const { reasons } = candidates;
  const places: number[] = [];
  for (const { name, excess } of [...chain].reverse()) {
    if (!excess || places.length === count) continue;
    const dropped: { readonly place: number; readonly by: number }[] = [];
    for (let place = 0; place < reasons.length; place++) {
      if (reasons[place] === CODE[name]) dropped.push({ place, by: excess(candidates, place) });
    }
    dropped.sort((a, b) => a.by - b.by || a.place - b.place);
    places.push(...dropped.slice(0, count - places.length).map(({ place }) => place));
  }
  return places;
}
