import type { Qwen2VlImages } from '../embedder/image-settings.ts';
import type { PatchedImage } from './patched-image.ts';
import { pixelValues } from './pixel-values.ts';
import { BICUBIC, resample } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';
import { smartResize } from './smart-resize.ts';

/**
 * An image as Qwen2-VL's vision encoder takes it. Patches come in the order in which they are merged: the 2 x 2 patches
 * of a visual token follow each other; inside a patch: channel, frame (both the same), row, column.
 *
 * @throws RangeError where one side is more than 200 times the other
 */
export function qwen2VlPatches(image: RgbImage, settings: Qwen2VlImages): PatchedImage {
  const { patchSize: patch, mergeSize: merge, temporalPatchSize: frames } = settings;
  const { width, height, data } = resample(image, smartResize(image, settings), BICUBIC);
  const values = pixelValues(settings);
  const [h, w] = [height / patch, width / patch];
  const patches = new Float32Array(h * w * 3 * frames * patch * patch);
  let at = 0;
  for (let top = 0; top < h; top += merge) {
    for (let left = 0; left < w; left += merge) {
      for (let inside = 0; inside < merge * merge; inside++) {
        const y = (top + Math.floor(inside / merge)) * patch;
        const x = (left + (inside % merge)) * patch;
        for (let channel = 0; channel < 3; channel++) {
          for (let frame = 0; frame < frames; frame++) {
            for (let row = 0; row < patch; row++) {
              let from = ((y + row) * width + x) * 3 + channel;
              for (let column = 0; column < patch; column++, from += 3) {
                patches[at++] = values[channel * 256 + data[from]!]!;
              }
            }
          }
        }
      }
    }
  }
  return { family: 'qwen2-vl', patches, grid: [1, h, w] };
}
