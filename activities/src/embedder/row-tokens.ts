import type { Side } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { PatchedImage } from '../images/patched-image.ts';
import type { EncoderSettings } from './model-settings.ts';
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

export function noImages(directory: string): QuarryError {
  return new QuarryError(
    'BadModel',
    `${directory}: this model takes text only, but a row has an image; use a vision-language generator`,
  );
}
