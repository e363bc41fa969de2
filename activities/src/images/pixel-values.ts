import type { ImageSettings } from '../embedder/image-settings.ts';

/** What each byte of red, green and blue becomes: float32 [3, 256], (v / 255 - mean) / std in float32 as numpy does. */
export function pixelValues({ mean, std }: Pick<ImageSettings, 'mean' | 'std'>): Float32Array {
  const values = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    const [m, s] = [Math.fround(mean[channel]!), Math.fround(std[channel]!)];
    for (let byte = 0; byte < 256; byte++) {
      const share = Math.fround(byte * (1 / 255));
      values[channel * 256 + byte] = Math.fround(share - m) / s;
    }
  }
  return values;
}
