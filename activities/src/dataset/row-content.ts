import { createHash } from 'node:crypto';

/** An image of a row: where it lies, or what it is. */
export interface RowImage {
  /** As the input names it; null where the input brought bytes without a name. */
  readonly path: string | null;
  /** Of the image file's bytes, hex. */
  readonly sha256: string;
  /** The file's bytes where the input brought them; null where they lie under `path`. */
  readonly bytes: Uint8Array | null;
}

/** What a query or document is: a text, an image, or both. */
export interface RowContent {
  /** '' where there is only an image. */
  readonly text: string;
  readonly image: RowImage | null;
}

/** Begins the hash of a content with an image; no text does, because it is no UTF-8. */
const WITH_IMAGE = Uint8Array.of(0xff);

/** What makes two contents equal: sha256 of the text, and of the image's bytes where there is one. 32 bytes. */
export function contentHash({
  text,
  image,
}: {
  readonly text: string;
  readonly image: Pick<RowImage, 'sha256'> | null;
}): Buffer {
  const hash = createHash('sha256');
  if (image) hash.update(WITH_IMAGE).update(image.sha256, 'hex');
  return hash.update(text).digest();
}
