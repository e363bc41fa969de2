/** Characters per token at which the search for the cut begins. */
const LIKELY_CHARACTERS = 5;
/** Fewer characters than that between what fits and what does not are halved. */
const NEAR = 12;

/**
 * Ids of the longest beginning (in code points) that leaves at most `maxLength` tokens: found by following the tokens per
 * character, near the cut by bisection; rendered and tokenised anew each time, because pieces that are tokenised apart
 * may differ from the whole.
 */
export function longestFit(
  text: string,
  encode: (text: string) => readonly number[],
  maxLength: number,
): readonly number[] {
  const points = [...text];
  let best = encode('');
  let fits = 0;
  let tooLong = points.length + 1;
  let tooMany: number | null = null;
  let guess = Math.min(points.length, LIKELY_CHARACTERS * (maxLength - best.length));
  for (let tries = 1; tooLong - fits > 1; tries++) {
    const ids = encode(points.slice(0, guess).join(''));
    if (ids.length <= maxLength) {
      fits = guess;
      best = ids;
    } else {
      tooLong = guess;
      tooMany = ids.length;
    }
    const between = tooLong - fits;
    // Every other time halved at least, so that a text of strange density is no worse than by bisection.
    if (tooMany === null || between <= NEAR || tries % 2 === 0) guess = fits + (between >> 1);
    else {
      const share = (maxLength - best.length + 0.5) / (tooMany - best.length);
      guess = fits + Math.min(between - 1, Math.max(1, Math.round(share * between)));
    }
    guess = Math.min(tooLong - 1, Math.max(fits + 1, guess));
  }
  return best;
}
