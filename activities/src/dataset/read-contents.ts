import { checkedText, listField, optionalTextField } from './fields.ts';
import type { RowContent } from './row-content.ts';
import type { RowImages } from './row-images.ts';
import { BadRow } from './source-row.ts';

/** The columns of one side of a pair. */
export interface ContentColumns {
  readonly text: string;
  /** With it the text may be missing. */
  readonly image?: string | undefined;
}

/**
 * The contents of one side of a row: one, or a list of them where a field is a list. Where there are images, a list of
 * texts and one of images belong together entry by entry.
 *
 * @throws BadRow where there is neither text nor image, or the lists differ in length
 */
export function readContents(
  values: Readonly<Record<string, unknown>>,
  { text, image }: ContentColumns,
  rowImages: RowImages,
): { readonly contents: readonly RowContent[]; readonly isList: boolean } {
  if (image === undefined) {
    const { values: texts, isList } = listField(values, text);
    return { contents: texts.map((value) => ({ text: checkedText(value, text), image: null })), isList };
  }
  const { images, isList: imageList } = rowImages.of(image);
  const { texts, isList: textList } = textsOf(values, text);
  const isList = imageList || textList;
  const length = Math.max(texts.length, images.length);
  if (isList && textList && imageList && texts.length !== images.length) {
    throw new BadRow(`${texts.length} texts in "${text}" but ${images.length} images in "${image}"`);
  }
  const contents = Array.from({ length }, (_, i) => ({
    text: texts[textList ? i : 0] ?? '',
    image: images[imageList ? i : 0] ?? null,
  }));
  if (contents.some((content) => content.text === '' && content.image === null)) {
    throw new BadRow(`neither "${text}" nor "${image}" holds anything: there is nothing to embed`);
  }
  return { contents, isList };
}

function textsOf(
  values: Readonly<Record<string, unknown>>,
  name: string,
): { readonly texts: readonly string[]; readonly isList: boolean } {
  const value = values[name];
  const isList = Array.isArray(value);
  const all: readonly unknown[] = isList ? value : [value];
  const texts = all.map((entry) => {
    const text = optionalTextField({ [name]: entry }, name);
    return text.trim() === '' ? '' : text;
  });
  return { texts, isList };
}
