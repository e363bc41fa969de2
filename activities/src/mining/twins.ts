/** Better candidates that are remembered of each: the most similar ones. */
const TWINS = 4;
/** Numbers per candidate: of each twin its place, then its cosine. */
export const TWIN_WIDTH = 2 * TWINS;

/**
 * The twins of one query's candidates: of each the most similar better-ranked ones, so that a filter can tell, whatever
 * its threshold and whatever was dropped before it.
 *
 * @param cosines of the candidate at a place to each one before it
 * @param counts whether the candidate at a place may be a twin (the query itself and its positives may not)
 * @returns float32 [candidates, {@link TWIN_WIDTH}]: (place, cosine) most similar first, equal ones in rank order, NaN padded
 */
export function twinsOf(
  candidates: number,
  cosines: (place: number) => Float32Array,
  counts: (place: number) => boolean,
): Float32Array {
  const twins = new Float32Array(candidates * TWIN_WIDTH).fill(Number.NaN);
  for (let place = 0; place < candidates; place++) {
    const row = twins.subarray(place * TWIN_WIDTH, (place + 1) * TWIN_WIDTH);
    for (const [other, cosine] of cosines(place).subarray(0, place).entries()) {
      if (counts(other)) offerTwin(row, other, cosine);
    }
  }
  return twins;
}

/** Puts a twin into its place among the most similar ones, unless they are full of better or earlier ones. */
function offerTwin(row: Float32Array, place: number, cosine: number): void {
  let at = TWINS;
  while (at > 0 && !(row[2 * at - 1]! >= cosine)) at--;
  if (at === TWINS) return;
  row.copyWithin(2 * (at + 1), 2 * at, TWIN_WIDTH - 2);
  row[2 * at] = place;
  row[2 * at + 1] = cosine;
}
