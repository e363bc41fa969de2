import type { Qwen2VlImages } from '../embedder/image-settings.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Longer side by shorter side at most, as in the Qwen2-VL processor. */
export const MOST_STRETCHED = 200;

/**
 * The size to which the Qwen2-VL processor resizes an image: sides that are multiples of `factor` (a visual token's
 * side, 28 pixels), an area within the limits, the ratio kept as far as that allows. Equal to `smart_resize` of
 * transformers 5.24, Python's rounding of halves to even included.
 *
 * @throws RangeError where one side is more than 200 times the other
 */
export function smartResize(
  { width, height }: Size,
  { patchSize, mergeSize, minPixels, maxPixels }: Omit<Qwen2VlImages, 'mean' | 'std' | 'family'>,
): Size {
  const ratio = Math.max(width, height) / Math.min(width, height);
  if (!(ratio <= MOST_STRETCHED)) {
    throw new RangeError(`${width} x ${height} pixels; at most ${MOST_STRETCHED} to 1 can be resized`);
  }
  const factor = patchSize * mergeSize;
  const rounded = {
    width: roundHalfToEven(width / factor) * factor,
    height: roundHalfToEven(height / factor) * factor,
  };
  const area = rounded.width * rounded.height;
  if (area > maxPixels) {
    const beta = Math.sqrt((height * width) / maxPixels);
    const within = (side: number): number => Math.max(factor, Math.floor(side / beta / factor) * factor);
    return { width: within(width), height: within(height) };
  }
  if (area < minPixels) {
    const beta = Math.sqrt(minPixels / (height * width));
    const above = (side: number): number => Math.ceil((side * beta) / factor) * factor;
    return { width: above(width), height: above(height) };
  }
  return rounded;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
