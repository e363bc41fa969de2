import { DuckDBBlobValue, type DuckDBConnection } from '@duckdb/node-api';
import { packContent, unpackContent } from '../dataset/packed-content.ts';
import type { RowImage } from '../dataset/row-content.ts';
import { mapConcurrently } from '../stages/map-concurrently.ts';
import { streamColumns } from './duckdb-columns.ts';
import { SpooledBytes } from './spooled-bytes.ts';
import { notInPlan } from './spooled-texts.ts';

/** An image as a table publishes it: Hugging Face's feature `Image`. */
export interface PublishedImage {
  readonly path: string | null;
  readonly bytes: Uint8Array | null;
}

/** Images read and spooled at once. */
const AT_ONCE = 8;

/** Images by dense id, in a local file: see {@link SpooledBytes}. Memory besides: 8 images. */
export class SpooledImages {
  readonly #entries: SpooledBytes;

  private constructor(entries: SpooledBytes) {
    this.#entries = entries;
  }

  /**
   * Writes the images that `select` yields as (dense id, path, sha256, bytes) to the new file `path`, as `publish` makes
   * them.
   *
   * @param ids ascending, without repeats
   */
  static async spool(
    connection: DuckDBConnection,
    path: string,
    ids: Int32Array,
    select: string | null,
    publish: (image: RowImage) => Promise<PublishedImage>,
  ): Promise<SpooledImages> {
    const entries = new SpooledBytes(path, ids);
    if (select === null) return new SpooledImages(entries);
    for await (const { rows, columns } of streamColumns(connection, select)) {
      for (let start = 0; start < rows; start += AT_ONCE) {
        const some = Array.from({ length: Math.min(AT_ONCE, rows - start) }, (_, i) => start + i);
        const packed = await mapConcurrently(some, AT_ONCE, async (row) => {
          const image = imageOf(columns.map((column) => column[row]));
          return packContent({
            text: '',
            image: image && { sha256: image.sha256, ...(await publish(image)) },
          });
        });
        entries.append(
          some.map((row) => columns[0]![row] as number),
          packed,
        );
      }
    }
    return new SpooledImages(entries);
  }

  /** The image of a dense id, null where the row has none. */
  get(id: number): PublishedImage | null {
    const bytes = this.#entries.get(id);
    if (!bytes) throw notInPlan(id);
    const { image } = unpackContent(bytes);
    // The next read goes into the same buffer, and DuckDB takes the bytes later.
    return image && { path: image.path, bytes: image.bytes && Uint8Array.from(image.bytes) };
  }

  /** Mean size of an image with its path. */
  get meanBytes(): number {
    return this.#entries.meanBytes;
  }

  close(): void {
    this.#entries.close();
  }
}

function imageOf([, path, sha256, bytes]: readonly unknown[]): RowImage | null {
  if (sha256 === null || sha256 === undefined) return null;
  return {
    sha256: String(sha256),
    path: (path as string | null) ?? null,
    bytes: bytes instanceof DuckDBBlobValue ? bytes.bytes : null,
  };
}
