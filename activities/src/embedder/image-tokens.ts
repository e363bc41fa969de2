import { QuarryError } from '../failures.ts';
import type { PatchedImage } from '../images/patched-image.ts';
import type { VisionSettings } from './vision-settings.ts';

/** The image in tokens: frames, rows and columns after merging patches; null where images are not a grid. */
export function tokenGrid(
  image: PatchedImage,
  { images }: VisionSettings,
): readonly [t: number, h: number, w: number] | null {
  if (image.family !== 'qwen2-vl' || images.family !== 'qwen2-vl') return null;
  const [t, h, w] = image.grid;
  return [t, h / images.mergeSize, w / images.mergeSize];
}

/**
 * The rendered prompt with what the model's processor writes in place of the image token, one image token for each run
 * of them: for Qwen2-VL the prompt as it is, for Idefics3 and SmolVLM a line for each row of tiles and the whole image.
 */
export function imageMarkup(rendered: string, image: PatchedImage, { imageToken }: VisionSettings): string {
  if (image.family === 'qwen2-vl') return rendered;
  const around = '<fake_token_around_image>';
  let markup = '';
  for (let row = 1; row <= image.rows; row++) {
    for (let column = 1; column <= image.columns; column++)
      markup += `${around}<row_${row}_col_${column}>${imageToken.text}`;
    markup += '\n';
  }
  if (markup !== '') markup += '\n';
  markup += `${around}<global-img>${imageToken.text}${around}`;
  return rendered.split(imageToken.text).join(markup);
}

/**
 * Every image token becomes as many as the image has.
 *
 * @throws QuarryError BadModel where the prompt has another number of image tokens than the image has parts, or the
 * image is of another family than the model's
 */
export function imageTokens(
  ids: readonly number[],
  image: PatchedImage,
  vision: VisionSettings,
  directory: string,
): readonly number[] {
  const { images, imageToken } = vision;
  if (image.family !== images.family)
    throw new QuarryError(
      'BadModel',
      `${directory}: takes images as ${images.family}, but got ${image.family}`,
    );
  const grid = tokenGrid(image, vision);
  const each = grid ? grid[0] * grid[1] * grid[2] : images.family === 'idefics3' ? images.tokensPerTile : 0;
  const parts = image.family === 'qwen2-vl' ? 1 : image.rows * image.columns + 1;
  const found = ids.reduce((sum, id) => sum + (id === imageToken.id ? 1 : 0), 0);
  if (found !== parts) {
    throw new QuarryError(
      'BadModel',
      `${directory}: the prompt has ${found} tokens ${imageToken.text} (${imageToken.id}) for an image of ${parts} parts; the chat template or tokenizer.json does not belong to this model`,
    );
  }
  return ids.flatMap((id) => (id === imageToken.id ? new Array<number>(each).fill(id) : [id]));
}
