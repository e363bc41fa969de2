import type { ImageSettings } from '../embedder/image-settings.ts';
import { idefics3Frames } from './idefics3-frames.ts';
import type { PatchedImage } from './patched-image.ts';
import { qwen2VlPatches } from './qwen2-vl-patches.ts';
import type { RgbImage } from './rgb-image.ts';

/** An image as the model's vision encoder takes it. @throws RangeError where its ratio is beyond what can be resized */
export function patchImage(image: RgbImage, settings: ImageSettings): PatchedImage {
  return settings.family === 'qwen2-vl' ? qwen2VlPatches(image, settings) : idefics3Frames(image, settings);
}
