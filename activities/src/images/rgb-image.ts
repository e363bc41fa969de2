/** A decoded image: upright, opaque, sRGB. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** uint8 [height, width, 3] */
  readonly data: Uint8Array;
}
