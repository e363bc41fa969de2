import { writeFile } from 'node:fs/promises';
import { DuckDBBlobValue, type DuckDBConnection } from '@duckdb/node-api';
import { readStoredImage } from '../../images/stored-image.ts';
import type { Store } from '../../storage/store.ts';
import type { CachedContents } from './cached-contents.ts';
import { streamRows } from './stream-rows.ts';

/** Endings by the first bytes of a file, for images that came without a name. */
const SIGNATURES = { '89504E47': '.png', FFD8FFE0: '.jpg', '52494646': '.webp', '47494638': '.gif' };

const CASES = Object.entries(SIGNATURES).map(([bytes, ending]) => `WHEN '${bytes}' THEN '${ending}'`);

/**
 * SQL: the name of a plan's image among the export's files, `images/<two digits>/<sha256>.<ending of its path>`; null where
 * there is no image. Equal images are one file.
 */
export const imageName = `'images/' || left(image_sha256, 2) || '/' || image_sha256 || CASE
  WHEN image IS NOT NULL THEN lower(regexp_extract(image, '\\.[A-Za-z0-9]{1,5}$'))
  ELSE CASE left(hex(image_bytes), 8) ${CASES.join(' ')} ELSE '' END END`;

/**
 * Writes the images of the rows that were seen, as the plan has them or as they lie under `root`; how many files.
 * Memory: a chunk of rows, which holds the images that came as bytes.
 *
 * @throws QuarryError `BadInput` where an image's file is gone or was changed since the run was planned
 */
export async function writeImageFiles(
  connection: DuckDBConnection,
  { from, seen }: CachedContents,
  {
    root,
    openStore,
    signal,
    path,
  }: {
    readonly root: string;
    readonly openStore: (uri: string) => Store;
    readonly signal: AbortSignal;
    readonly path: (name: string) => Promise<string>;
  },
): Promise<number> {
  if (seen.length === 0) return 0;
  let row = 0;
  let files = 0;
  const columns = `${imageName} AS name, image, image_sha256, image_bytes`;
  for await (const { name, image, image_sha256, image_bytes } of streamRows(
    { connection, signal },
    `SELECT ${columns} FROM ${from}`,
  )) {
    const wanted = (seen[row >> 3]! >> (row & 7)) & 1;
    row++;
    if (!wanted) continue;
    const bytes = await readStoredImage(openStore, root, {
      path: image as string | null,
      sha256: String(image_sha256),
      bytes: image_bytes instanceof DuckDBBlobValue ? image_bytes.bytes : null,
    });
    const written = await writeFile(await path(String(name)), bytes, { flag: 'wx' }).then(
      () => 1,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return 0;
        throw error;
      },
    );
    files += written;
  }
  return files;
}
