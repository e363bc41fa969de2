import type { Side } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { PatchedImage } from '../images/patched-image.ts';
import type { RenderChat } from './chat-template.ts';
import type { EncoderSettings, GeneratorSettings } from './model-settings.ts';
import { userTurn } from './prompt.ts';
import type { TextTokenizer, TokenRow } from './tokenizer.ts';

/** What is embedded as one: a text, an image, or both. */
export interface Content {
  readonly text: string | null;
  readonly image: PatchedImage | null;
}

/** One row as it goes into the graph. */
export interface ModelRow extends TokenRow {
  readonly image: PatchedImage | null;
}

/** From a content to what goes into the graph. */
export type RowTokens = (content: Content, side: Side) => ModelRow;

/** An encoder reads prefix and text between its special tokens; what is too long loses its end. */
export function encoderTokens(settings: EncoderSettings, tokenizer: TextTokenizer): RowTokens {
  const { queryPrefix, documentPrefix, maxLength } = settings;
  return ({ text, image }, side) => {
    if (image !== null) throw noImages(settings.directory);
    const prefix = side === 'query' ? queryPrefix : documentPrefix;
    return { ...tokenizer.encodeWithin(prefix + (text ?? ''), maxLength), image };
  };
}

/**
 * A generator reads the rendered prompt. What is too long loses the end of the *text*: the prompt stays whole, because
 * its last token is the one whose hidden state counts.
 *
 * @throws QuarryError BadModel where `maxLength` has no room for the prompt itself
 */
export function generatorTokens(
  { prompt, maxLength, directory }: GeneratorSettings,
  tokenizer: TextTokenizer,
  render: RenderChat,
): RowTokens {
  const encode = (text: string, side: Side): readonly number[] =>
    tokenizer.encode(render(prompt.system, userTurn(prompt, text, side)), false);
  for (const side of ['query', 'document'] as const) {
    const { length } = encode('', side);
    if (length >= maxLength) {
      throw new QuarryError(
        'BadModel',
        `model.maxLength: ${maxLength} tokens have no room for a text, the prompt of a ${side} alone takes ${length}; raise it or shorten model.prompt`,
      );
    }
  }
  return ({ text: whole, image }, side) => {
    if (image !== null) throw noImages(directory);
    const text = whole ?? '';
    const start = tokenizer.beginning(text, maxLength);
    const ids = encode(start, side);
    if (start.length === text.length && ids.length <= maxLength) return { ids, truncated: false, image };
    const fits = longestFit(start, (cut) => encode(cut, side), maxLength);
    return { ids: fits, truncated: true, image };
  };
}

function noImages(directory: string): QuarryError {
  return new QuarryError(
    'BadModel',
    `${directory}: this model takes text only, but a row has an image; use a vision-language generator`,
  );
}

/** Characters per token at which the search for the cut begins. */
const LIKELY_CHARACTERS = 5;

/**
 * Ids of the longest beginning (in code points) that leaves at most `maxLength` tokens, by bisection: rendered and
 * tokenised anew each time, because pieces that are tokenised apart may differ from the whole.
 */
function longestFit(
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
