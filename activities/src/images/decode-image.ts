import sharp, { type Metadata, type Sharp } from 'sharp';
import { BadImage } from './bad-image.ts';
import type { RgbImage } from './rgb-image.ts';
import { MOST_STRETCHED } from './smart-resize.ts';

/** Bytes of an image file at most. */
export const MOST_IMAGE_BYTES = 64 * 2 ** 20;

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif'];

/** What an image's header says, and that all of it could be decoded. */
export interface ImageFacts {
  readonly format: string;
  /** Upright, in pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes an image whole: JPEG, PNG, WebP, GIF, TIFF, AVIF; of several frames the first. Turned upright by its EXIF
 * orientation; what is transparent stands on white, as in Hugging Face's processors; 16 bits become 8; CMYK becomes
 * sRGB by its profile (or sharp's own), while other profiles are left alone, again as there.
 *
 * Memory: 3 bytes per pixel (4 with transparency), twice. Native: not for a worker's main thread.
 *
 * @param maxPixels decided from the header, before anything is decoded
 * @throws BadImage
 */
export async function decodeImage(bytes: Uint8Array, maxPixels: number): Promise<RgbImage> {
  const header = await readHeader(bytes, maxPixels);
  const upright = opaque(bytes, header);
  const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true }).catch(undecodable);
  if (info.channels !== 3)
    throw new BadImage(`${info.channels} channels where 3 were expected after decoding`);
  return { width: info.width, height: info.height, data };
}

/**
 * Whether an image can be decoded to its end; cheaper than decoding it (a JPEG is decoded at an eighth).
 *
 * @throws BadImage
 */
export async function checkImage(bytes: Uint8Array, maxPixels: number): Promise<ImageFacts> {
  const header = await readHeader(bytes, maxPixels);
  await opaque(bytes, header)
    .resize({ width: 8, height: 8, fit: 'fill' })
    .raw()
    .toBuffer()
    .catch(undecodable);
  const { format, width, height, orientation = 1 } = header;
  return orientation > 4 ? { format, width: height, height: width } : { format, width, height };
}

type Header = Metadata & { readonly format: string; readonly width: number; readonly height: number };

async function readHeader(bytes: Uint8Array, maxPixels: number): Promise<Header> {
  if (bytes.length === 0) throw new BadImage('the image is empty (0 bytes)');
  if (bytes.length > MOST_IMAGE_BYTES) {
    throw new BadImage(`the image has ${bytes.length} bytes; at most ${MOST_IMAGE_BYTES} are read`);
  }
  const header = (await open(bytes).metadata().catch(notAnImage)) as Header;
  const { format, width, height } = header;
  if (!FORMATS.includes(format)) throw new BadImage(`the image is ${format}; expected ${FORMATS.join(', ')}`);
  const pixels = width * height;
  if (pixels > maxPixels) {
    throw new BadImage(
      `the image has ${width} x ${height} = ${pixels} pixels; input.maxImagePixels allows ${maxPixels}`,
    );
  }
  if (Math.max(width, height) > MOST_STRETCHED * Math.min(width, height)) {
    throw new BadImage(
      `the image has ${width} x ${height} pixels; more than ${MOST_STRETCHED} to 1 is no picture that a model can take`,
    );
  }
  return header;
}

function open(bytes: Uint8Array, ignoreIcc = true): Sharp {
  // The limit is ours, on the header; `error` includes truncated files, which would be grey from somewhere on.
  return sharp(bytes, { limitInputPixels: false, failOn: 'error', ignoreIcc, sequentialRead: true });
}

function opaque(bytes: Uint8Array, { space }: Header): Sharp {
  return open(bytes, space !== 'cmyk')
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');
}

function notAnImage(error: Error): never {
  throw new BadImage(`not an image that can be read (${oneLine(error)}); expected ${FORMATS.join(', ')}`, {
    cause: error,
  });
}

function undecodable(error: Error): never {
  throw new BadImage(`the image is broken: ${oneLine(error)}`, { cause: error });
}

function oneLine({ message }: Error): string {
  return message
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, 200);
}
