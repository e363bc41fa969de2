import type { Side } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { PatchedImage } from '../images/patched-image.ts';
import type { RenderChat } from './chat-template.ts';
import { imageMarkup, imageTokens } from './image-tokens.ts';
import { type KnownCut, longestFit } from './longest-fit.ts';
import type { GeneratorSettings } from './model-settings.ts';
import { IMAGE_PLACE, userTurn } from './prompt.ts';
import { noImages, type RowTokens } from './row-tokens.ts';
import type { TextTokenizer } from './tokenizer.ts';

/**
 * A generator reads the rendered prompt. What is too long loses the end of the *text*: the prompt stays whole, because
 * its last token is the one whose hidden state counts. `maxLength` bounds prompt and text; the tokens of an image come
 * on top. A prefix that is baked into the graph is left out of the ids.
 *
 * @throws QuarryError BadModel where `maxLength` has no room for the prompt itself
 */
export function generatorTokens(
  settings: GeneratorSettings,
  tokenizer: TextTokenizer,
  render: RenderChat,
): RowTokens {
  const { prompt, maxLength, vision, prefix } = settings;
  const directory = settings.origin ?? settings.directory;
  const encode = (text: string, image: PatchedImage | null, side: Side): readonly number[] => {
    const rendered = render(prompt.system, userTurn(prompt, { text, image: image !== null }, side));
    return tokenizer.encode(image && vision ? imageMarkup(rendered, image, vision) : rendered, false);
  };
  for (const side of ['query', 'document'] as const) {
    const ids = encode('', null, side);
    if (ids.length >= maxLength) {
      throw new QuarryError(
        'BadModel',
        `model.maxLength: ${maxLength} tokens have no room for a text, the prompt of a ${side} alone takes ${ids.length}; raise it or shorten model.prompt`,
      );
    }
  }
  /** Tokens by which the markup of an image makes a prompt longer, before every image token becomes many. */
  const known = new Map<string, number>();
  const markupTokens = (image: PatchedImage, side: Side): number => {
    const key = image.family === 'qwen2-vl' ? side : `${side} ${image.rows} ${image.columns}`;
    const tokens = known.get(key) ?? encode('', image, side).length - encode('', null, side).length;
    known.set(key, tokens);
    return tokens;
  };
  const finish = (ids: readonly number[], image: PatchedImage | null): readonly number[] => {
    const whole = image && vision ? imageTokens(ids, image, vision, directory) : ids;
    const strange = whole.find((id) => id >= settings.vocabulary);
    if (strange !== undefined) {
      throw new QuarryError(
        'BadModel',
        `${directory}/tokenizer.json gives the token id ${strange}, but the model knows ${settings.vocabulary} (vocab_size of config.json): the tokenizer does not belong to this model; fetch the one that does`,
      );
    }
    if (prefix.some((id, i) => whole[i] !== id)) {
      throw new QuarryError(
        'BadModel',
        `${directory}/${settings.graph}: the prompt does not begin with the prefix that is baked into the graph; run quarry model prepare again with this prompt, or without --prefix`,
      );
    }
    return prefix.length === 0 ? whole : whole.slice(prefix.length);
  };
  return ({ text: given, image }, side) => {
    if (image !== null && vision === null) throw noImages(directory);
    const text = withoutImageToken(given ?? '', vision?.imageToken.text);
    // The place of the image is no text: it must not be cut off, and counts for nothing.
    const place = image === null ? -1 : text.indexOf(IMAGE_PLACE);
    const bare = place < 0 ? text : text.slice(0, place) + text.slice(place + IMAGE_PLACE.length);
    const encodeCut = (cut: string): readonly number[] => {
      const at = Math.min(Math.max(place, 0), cut.length);
      return encode(place < 0 ? cut : cut.slice(0, at) + IMAGE_PLACE + cut.slice(at), image, side);
    };
    const room = image === null ? maxLength : maxLength + markupTokens(image, side);
    const start = tokenizer.beginning(bare, room);
    const ids = encodeCut(start);
    if (start.length === bare.length && ids.length <= room)
      return { ids: finish(ids, image), truncated: false, image };
    const known = ids.length > room ? likelyCut(start, ids, encodeCut(''), room, tokenizer) : null;
    return { ids: finish(longestFit(start, encodeCut, room, known), image), truncated: true, image };
  };
}

/**
 * Where the tokens of the whole say that the text must end: what follows it has the tokens that follow an empty one. White
 * space does not count, because not every tokenizer gives it back.
 */
function likelyCut(
  text: string,
  whole: readonly number[],
  empty: readonly number[],
  room: number,
  tokenizer: TextTokenizer,
): KnownCut {
  const before = whole.findIndex((id, i) => id !== empty[i]);
  const kept = whole.slice(before, before + Math.max(0, room - empty.length));
  let left = [...tokenizer.decode(kept)].filter((point) => point.trim() !== '').length;
  const points = [...text];
  let likely = 0;
  while (left > 0 && likely < points.length) if (points[likely++]!.trim() !== '') left--;
  return { tokens: whole.length, likely };
}

/** A text that spells the image token would be taken for an image. */
function withoutImageToken(text: string, token: string | undefined): string {
  return token !== undefined && text.includes(token) ? text.split(token).join('') : text;
}
