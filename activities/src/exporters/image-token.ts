import type { Content } from './source/example.ts';
import { isEmpty, prefixed, type Text } from './source/text.ts';

/** A content's text with `token` before it where it has an image, and `between` where both are there. */
export function withToken({ text, image }: Content, token: string, between = ''): Text {
  if (image === null) return text;
  return isEmpty(text) ? token : prefixed(`${token}${between}`, text);
}

/** MMEB's token, which loaders replace by their model's. */
export function mmebText(content: Content): Text {
  return withToken(content, '<|image_1|>', '\n');
}
