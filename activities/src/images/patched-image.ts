/** An image as a vision encoder takes it. */
export type PatchedImage =
  | {
      readonly family: 'qwen2-vl';
      /** float32 [t*h*w, channels x temporal patch x patch x patch], that is 3*2*14*14 */
      readonly patches: Float32Array;
      /** in patches */
      readonly grid: readonly [t: number, h: number, w: number];
    }
  | {
      readonly family: 'idefics3';
      /** float32 [frames, 3, size, size] */
      readonly frames: Float32Array;
      readonly size: number;
      /** tiles; 0 x 0: the whole image only */
      readonly rows: number;
      readonly columns: number;
    };
