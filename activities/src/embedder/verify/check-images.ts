import type { PatchedImage } from '../../images/patched-image.ts';
import type { ImageSettings } from '../image-settings.ts';
import type { LoadedModel } from '../loaded-model.ts';
import { type Check, failed, ok } from './check.ts';
import { difference, shown } from './check-padding.ts';

/** Largest difference between unit vectors of one row that is rounding. */
const ROUNDING = 1e-3;
/** Patches on a side of the images tried. */
const SIDE = 8;

/** Whether images reach the vector: they are read, differ, and are the same alone and among texts. */
export async function checkImages(model: LoadedModel, images: ImageSettings): Promise<Check> {
  const name = 'images';
  const { graph } = model.settings;
  const rows = [1, 2].map((seed) =>
    model.tokens({ text: 'a photo', image: patternImage(images, seed) }, 'document'),
  );
  const [a, b] = await Promise.all(
    rows.map((row) => model.run({ items: [row], rows: 1, length: row.ids.length })),
  );
  if (![...a!, ...b!].every(Number.isFinite))
    return failed(
      name,
      `${graph}: the vector of an image is not finite: the vision encoder's weights hold NaN, or float16 overflows`,
    );
  const apart = difference(a!, b!);
  if (apart <= 1e-6)
    return failed(
      name,
      `${graph}: two different images have the same vector: image features do not reach the decoder`,
    );
  const tokens = `${rows[0]!.ids.length} tokens for an image and its prompt; images differ by ${shown(apart)}`;
  if (model.oneRowAtATime) return ok(name, tokens);
  const text = model.tokens({ text: 'a text', image: null }, 'document');
  const [row] = rows;
  const mixed = await model.run({ items: [text, row!], rows: 2, length: row!.ids.length + 4 });
  const off = difference(mixed.subarray(model.settings.dimension), a!);
  if (!(off <= ROUNDING))
    return failed(
      name,
      `${graph}: the vector of an image changes by ${shown(off)} among texts: positions or features are misplaced in a batch`,
    );
  return ok(name, `${tokens}; among texts ${shown(off)}`);
}

/** An image of a wavy pattern, as the model's encoder takes it. */
export function patternImage(images: ImageSettings, seed: number): PatchedImage {
  const values = (count: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(0.7 * seed * i + seed));
  if (images.family === 'idefics3') {
    const { size } = images;
    return { family: 'idefics3', frames: values(3 * size * size), size, rows: 0, columns: 0 };
  }
  const { patchSize, temporalPatchSize } = images;
  const patches = values(SIDE * SIDE * 3 * temporalPatchSize * patchSize * patchSize);
  return { family: 'qwen2-vl', patches, grid: [1, SIDE, SIDE] };
}
