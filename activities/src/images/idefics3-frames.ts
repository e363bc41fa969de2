import type { Idefics3Images } from '../embedder/image-settings.ts';
import type { PatchedImage } from './patched-image.ts';
import { pixelValues } from './pixel-values.ts';
import { LANCZOS, resample } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';
import type { Size } from './smart-resize.ts';

/** Longest side that the Idefics3 processor resizes to. */
const LONGEST = 4096;

/** The sizes to which the Idefics3 processor brings an image, one after the other, before it cuts it into tiles. */
function idefics3Sizes(
  image: Size,
  { longestEdge, size, split }: Pick<Idefics3Images, 'longestEdge' | 'size' | 'split'>,
): readonly Size[] {
  const first = belowBound(toLongestEdge(image, longestEdge));
  return [first, split ? toMultiples(first, size) : { width: size, height: size }];
}

/**
 * An image as the vision encoder of Idefics3 and SmolVLM takes it: the tiles row by row, then the whole image in one
 * frame; the whole image alone where it has one tile.
 */
export function idefics3Frames(image: RgbImage, settings: Idefics3Images): PatchedImage {
  const { size } = settings;
  const resized = idefics3Sizes(image, settings).reduce<RgbImage>(
    (now, to) => resample(now, to, LANCZOS),
    image,
  );
  const values = pixelValues(settings);
  const split = resized.width > size || resized.height > size;
  const [rows, columns] = split ? [resized.height / size, resized.width / size] : [0, 0];
  const frames = new Float32Array((rows * columns + 1) * 3 * size * size);
  for (let tile = 0; tile < rows * columns; tile++) {
    const corner = { x: (tile % columns) * size, y: Math.floor(tile / columns) * size };
    writeFrame(resized, corner, frames.subarray(tile * 3 * size * size), size, values);
  }
  const whole = split ? resample(resized, { width: size, height: size }, LANCZOS) : resized;
  writeFrame(whole, { x: 0, y: 0 }, frames.subarray(rows * columns * 3 * size * size), size, values);
  return { family: 'idefics3', frames, size, rows, columns };
}

function writeFrame(
  { width, data }: RgbImage,
  { x, y }: { readonly x: number; readonly y: number },
  frame: Float32Array,
  size: number,
  values: Float32Array,
): void {
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < size; row++) {
      let from = ((y + row) * width + x) * 3 + channel;
      for (let column = 0; column < size; column++, from += 3) {
        frame[at++] = values[channel * 256 + data[from]!]!;
      }
    }
  }
}

/** The longer side to `edge`, the other one in proportion and even. */
function toLongestEdge({ width, height }: Size, edge: number): Size {
  const ratio = width / height;
  const even = (side: number): number => Math.max(1, side + (side % 2));
  return width >= height
    ? { width: edge, height: even(Math.trunc(edge / ratio)) }
    : { width: even(Math.trunc(edge * ratio)), height: edge };
}

function belowBound({ width, height }: Size): Size {
  const ratio = width / height;
  if (width >= height && width > LONGEST)
    return { width: LONGEST, height: Math.max(1, Math.trunc(LONGEST / ratio)) };
  if (height > width && height > LONGEST)
    return { width: Math.max(1, Math.trunc(LONGEST * ratio)), height: LONGEST };
  return { width, height };
}

function toMultiples({ width, height }: Size, size: number): Size {
  const ratio = width / height;
  const up = (side: number): number => Math.ceil(side / size) * size;
  return width >= height
    ? { width: up(width), height: up(Math.trunc(up(width) / ratio)) }
    : { width: up(Math.trunc(up(height) * ratio)), height: up(height) };
}
