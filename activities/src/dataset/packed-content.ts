import type { RowContent, RowImage } from './row-content.ts';

/** A content as one buffer, for spools: lengths of text, path and bytes (int32, -1 = none), sha256 of the image, then those. */

const HEADER_BYTES = 12;
const HASH_BYTES = 32;

export function packContent({ text, image }: RowContent): Buffer {
  const encoded = Buffer.from(text);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(encoded.length, 0);
  if (!image) {
    header.writeInt32LE(-1, 4);
    header.writeInt32LE(-1, 8);
    return Buffer.concat([header, encoded]);
  }
  const path = image.path === null ? null : Buffer.from(image.path);
  header.writeInt32LE(path?.length ?? -1, 4);
  header.writeInt32LE(image.bytes?.length ?? -1, 8);
  const parts = [header, encoded, Buffer.from(image.sha256, 'hex'), path, image.bytes];
  return Buffer.concat(parts.filter((part) => part !== null));
}

export function unpackContent(packed: Buffer): RowContent {
  const [textLength, pathLength, bytesLength] = [0, 4, 8].map((at) => packed.readInt32LE(at)) as [
    number,
    number,
    number,
  ];
  const text = packed.toString('utf8', HEADER_BYTES, HEADER_BYTES + textLength);
  if (pathLength < 0 && bytesLength < 0) return { text, image: null };
  const hash = HEADER_BYTES + textLength;
  const path = hash + HASH_BYTES;
  const bytes = path + Math.max(0, pathLength);
  const image: RowImage = {
    sha256: packed.toString('hex', hash, path),
    path: pathLength < 0 ? null : packed.toString('utf8', path, bytes),
    bytes: bytesLength < 0 ? null : packed.subarray(bytes, bytes + bytesLength),
  };
  return { text, image };
}
