/** Characters per token at which the search for the cut begins. */
const LIKELY_CHARACTERS = 5;

/**
 * Ids of the longest beginning (in code points) that leaves at most `maxLength` tokens, by bisection: rendered and
 * tokenised anew each time, because pieces that are tokenised apart may differ from the whole.
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
  let guess = Math.min(points.length, LIKELY_CHARACTERS * (maxLength - best.length));
  while (tooLong - fits > 1) {
    const ids = encode(points.slice(0, guess).join(''));
    if (ids.length <= maxLength) {
      fits = guess;
      best = ids;
    } else tooLong = guess;
    guess = (fits + tooLong) >> 1;
  }
  return best;
}
