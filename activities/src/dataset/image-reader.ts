import { MOST_IMAGE_BYTES } from '../images/decode-image.ts';
import type { CheckedImage, CheckImagesInput } from '../pool/kernels/check-images.ts';
import { mapConcurrently } from '../stages/map-concurrently.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { quoted } from './fields.ts';
import type { ImageCell } from './image-cell.ts';
import { imageUri } from './image-uri.ts';
import type { RowImage } from './row-content.ts';
import { BadRow } from './source-row.ts';

/** Images of one call of the kernel at most, and their bytes (one image may be more). */
const IMAGES_AT_ONCE = 32;
const BYTES_AT_ONCE = 16 * 2 ** 20;
/** Paths whose outcome is remembered, because rows of one image often lie near each other. */
const REMEMBERED = 65_536;

/** A cell whose image is there, with its size. */
interface Found {
  readonly cell: ImageCell;
  readonly bytes: number;
  readonly read: () => Promise<Uint8Array>;
}

/**
 * Reads the images of rows, hashes them and checks that they can be decoded, in the pool's threads.
 *
 * Memory: per thread 16 MiB of image files (64 MiB where one is that big) and one decoded image; 200 bytes for each of
 * 65,536 paths.
 */
export class ImageReader {
  readonly #context: StageContext;
  readonly #root: string;
  readonly #maxPixels: number;
  readonly #known = new Map<string, RowImage | BadRow>();

  /** @param root URI of the directory where paths begin */
  constructor(context: StageContext, { root, maxPixels }: { root: string; maxPixels: number }) {
    this.#context = context;
    this.#root = root;
    this.#maxPixels = maxPixels;
  }

  /** What each cell holds; a BadRow where it is no image that can be used. */
  async read(cells: readonly ImageCell[]): Promise<ReadonlyMap<ImageCell, RowImage | BadRow>> {
    const outcomes = new Map<ImageCell, RowImage | BadRow>();
    const byPath = new Map<string, ImageCell>();
    for (const cell of cells)
      if (cell.bytes === null && !this.#known.has(cell.path!)) byPath.set(cell.path!, cell);
    const wanted = [...byPath.values(), ...cells.filter(({ bytes }) => bytes !== null)];
    const found = await mapConcurrently(wanted, IMAGES_AT_ONCE, (cell) => this.#find(cell));
    const good: Found[] = [];
    for (const [i, one] of found.entries()) {
      if (one instanceof BadRow) this.#note(outcomes, wanted[i]!, one);
      else good.push(one);
    }
    await mapConcurrently(chunksOf(good), this.#context.threads, async (chunk) => {
      const images = await Promise.all(chunk.map(({ read }) => read()));
      const checked = await this.#check(images);
      for (const [i, { cell }] of chunk.entries()) this.#note(outcomes, cell, outcomeOf(cell, checked[i]!));
    });
    for (const cell of cells) if (cell.bytes === null) outcomes.set(cell, this.#known.get(cell.path!)!);
    this.#forget();
    return outcomes;
  }

  async #find(cell: ImageCell): Promise<Found | BadRow> {
    const { bytes, path } = cell;
    if (bytes) {
      return bytes.length > MOST_IMAGE_BYTES
        ? tooBig(cell, bytes.length)
        : { cell, bytes: bytes.length, read: async () => bytes };
    }
    const uri = imageUri(this.#root, path!);
    if (uri === null)
      return new BadRow(`image ${quoted(path!)} lies outside of input.imageRoot ${this.#root}`);
    const store = this.#context.openStore(uri);
    const size = await store.size(uri);
    if (size === null) return new BadRow(`image ${quoted(path!)} is not there (${uri})`);
    return size > MOST_IMAGE_BYTES ? tooBig(cell, size) : { cell, bytes: size, read: () => store.read(uri) };
  }

  #check(images: readonly Uint8Array[]): Promise<readonly CheckedImage[]> {
    const { pool, signal } = this.#context;
    const input: CheckImagesInput = { images, maxPixels: this.#maxPixels };
    return pool.run<CheckImagesInput, readonly CheckedImage[]>({ kernel: 'check-images', input, signal });
  }

  #note(outcomes: Map<ImageCell, RowImage | BadRow>, cell: ImageCell, outcome: RowImage | BadRow): void {
    if (cell.bytes === null) this.#known.set(cell.path!, outcome);
    else outcomes.set(cell, outcome);
  }

  #forget(): void {
    for (const path of this.#known.keys()) {
      if (this.#known.size <= REMEMBERED) return;
      this.#known.delete(path);
    }
  }
}

function outcomeOf(cell: ImageCell, checked: CheckedImage): RowImage | BadRow {
  return checked.sha256 === null
    ? new BadRow(`${nameOf(cell)}: ${checked.reason}`)
    : { ...cell, sha256: checked.sha256 };
}

function tooBig(cell: ImageCell, bytes: number): BadRow {
  return new BadRow(`${nameOf(cell)} has ${bytes} bytes; at most ${MOST_IMAGE_BYTES} are read`);
}

function nameOf({ path }: ImageCell): string {
  return path === null ? 'the image' : `image ${quoted(path)}`;
}

function chunksOf(found: readonly Found[]): Found[][] {
  const chunks: Found[][] = [];
  let bytes = 0;
  for (const one of found) {
    const last = chunks.at(-1);
    if (last && last.length < IMAGES_AT_ONCE && bytes + one.bytes <= BYTES_AT_ONCE) last.push(one);
    else {
      chunks.push([one]);
      bytes = 0;
    }
    bytes += one.bytes;
  }
  return chunks;
}
