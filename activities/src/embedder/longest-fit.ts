/** Characters per token at which the search for the cut begins. */
const LIKELY_CHARACTERS = 5;
/** Fewer characters than that between what fits and what does not are halved. */
const NEAR = 12;
/** Steps of one character from a likely cut, before the search goes on as without one. */
const STEPS = 3;

/** What is known of a text that does not fit. */
export interface KnownCut {
  /** Tokens of the whole text. */
  readonly tokens: number;
  /** Code points after which the cut is likely. */
  readonly likely: number;
}

/**
 * Ids of a beginning that leaves at most `maxLength` tokens while one code point more does not (the longest, but for
 * tokenizers that need more tokens for a part of a word than for all of it): found by following the tokens per
 * character, near the cut by bisection; rendered and tokenised anew each time, because pieces that are tokenised apart
 * may differ from the whole.
 *
 * @param known saves most of the search where its guess is right
 */
export function longestFit(
  text: string,
  encode: (text: string) => readonly number[],
  maxLength: number,
  known: KnownCut | null = null,
): readonly number[] {
  const points = [...text];
  let best = encode('');
  let fits = 0;
  let tooLong = known ? points.length : points.length + 1;
  let tooMany = known?.tokens ?? null;
  const inside = (guess: number): number => Math.min(tooLong - 1, Math.max(fits + 1, guess));
  let guess = inside(known?.likely ?? LIKELY_CHARACTERS * (maxLength - best.length));
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
    if (known && tries <= STEPS && Math.abs(ids.length - maxLength) <= 1)
      guess = ids.length <= maxLength ? fits + 1 : tooLong - 1;
    // Every other time halved at least, so that a text of strange density is no worse than by bisection.
    else if (tooMany === null || between <= NEAR || tries % 2 === 0) guess = fits + (between >> 1);
    else {
      const share = (maxLength - best.length + 0.5) / (tooMany - best.length);
      guess = fits + Math.min(between - 1, Math.max(1, Math.round(share * between)));
    }
    guess = inside(guess);
  }
  return best;
}
