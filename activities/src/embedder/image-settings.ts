/** How a model wants its images, from its own preprocessor_config.json and the job; structured-cloneable. */
export type ImageSettings = Qwen2VlImages | Idefics3Images;

/** Qwen2-VL, Qwen2.5-VL: any size, cut into patches; `mergeSize` x `mergeSize` patches are one token. */
export interface Qwen2VlImages {
  readonly family: 'qwen2-vl';
  /** Pixels of a patch's side. */
  readonly patchSize: number;
  readonly mergeSize: number;
  /** Frames of a patch; a still image is repeated. */
  readonly temporalPatchSize: number;
  /** Per channel, of values between 0 and 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Pixels of an image after resizing, at least and at most. */
  readonly minPixels: number;
  readonly maxPixels: number;
}

/** SmolVLM, Idefics3: square tiles, then the whole image in one. */
export interface Idefics3Images {
  readonly family: 'idefics3';
  /** Pixels of a tile's side: `max_image_size.longest_edge`. */
  readonly size: number;
  /** Pixels of the longest side before tiling: `size.longest_edge`, less where the job's `maxPixels` says so. */
  readonly longestEdge: number;
  /** `do_image_splitting`, unless the job's `maxPixels` leaves no room for tiles. */
  readonly split: boolean;
  /** Tokens of one tile. */
  readonly tokensPerTile: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}
