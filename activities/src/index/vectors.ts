import { type FileHandle, open } from 'node:fs/promises';
import { QuarryError } from '../failures.ts';
import { decodeNpyHeader } from '../tables/npy.ts';

/** Vectors, row after row. */
export interface Vectors {
  /** float32 [rows, dimension] */
  readonly data: Float32Array;
  readonly rows: number;
  readonly dimension: number;
}

/** Scores must stay below float32's largest number, or order is lost. */
const LARGEST_SCORE = 1e38;

/**
 * Reads local `.npy` files of float32 [rows, dimension] one behind the other, straight into one array.
 *
 * @throws QuarryError `BadVectors` where a file has another shape or type
 */
export async function readVectors(paths: readonly string[], dimension: number): Promise<Vectors> {
  const files: { handle: FileHandle; offset: number; rows: number; path: string }[] = [];
  try {
    for (const path of paths) {
      const handle = await open(path);
      files.push({ handle, offset: 0, rows: 0, path });
      const head = new Uint8Array(1024);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      const { dtype, shape, offset } = decodeNpyHeader(head.subarray(0, bytesRead), path);
      if (dtype !== '<f4' || shape.length !== 2 || shape[1] !== dimension) {
        throw new QuarryError(
          'BadVectors',
          `${path}: ${dtype} [${shape.join(', ')}]; expected <f4 [rows, ${dimension}]: the cache holds vectors of another model; remove it`,
        );
      }
      files[files.length - 1] = { handle, offset, rows: shape[0]!, path };
    }
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    const data = new Float32Array(rows * dimension);
    const bytes = new Uint8Array(data.buffer);
    let at = 0;
    for (const file of files) {
      const end = at + file.rows * dimension * 4;
      for (let position = file.offset; at < end; ) {
        const { bytesRead } = await file.handle.read(bytes, at, Math.min(end - at, 1 << 26), position);
        if (bytesRead === 0) {
          throw new QuarryError(
            'BadVectors',
            `${file.path}: ends ${end - at} bytes early: the file is cut off`,
          );
        }
        at += bytesRead;
        position += bytesRead;
      }
    }
    return { data, rows, dimension };
  } finally {
    await Promise.all(files.map(({ handle }) => handle.close()));
  }
}

/** |row|, in float64; NaN or Infinity where the row is not finite. */
export function norm({ data, dimension }: Vectors, row: number): number {
  let sum = 0;
  for (let i = row * dimension; i < (row + 1) * dimension; i++) sum += data[i]! * data[i]!;
  return Math.sqrt(sum);
}

/**
 * The largest norm of all rows, and the check that native code needs first: every element is a finite number.
 *
 * @param what names the vectors in the error
 * @throws QuarryError `BadVectors` that names the first row that is not finite
 */
export function largestNorm(vectors: Vectors, what: string): number {
  const { data, rows, dimension } = vectors;
  if (data.length !== rows * dimension) {
    throw new QuarryError(
      'BadVectors',
      `${what}: ${data.length} numbers do not make ${rows} vectors of dimension ${dimension}`,
    );
  }
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    const length = norm(vectors, row);
    if (!Number.isFinite(length)) {
      const place = data
        .subarray(row * dimension, (row + 1) * dimension)
        .findIndex((x) => !Number.isFinite(x));
      throw new QuarryError(
        'BadVectors',
        `${what}, row ${row}, element ${place}: ${data[row * dimension + place]} is not a finite number; embed it again or leave the row out`,
      );
    }
    if (length > largest) largest = length;
  }
  return largest;
}

/** Refuses vectors whose dot products would leave float32. */
export function checkProduct(queryNorm: number, documentNorm: number): void {
  if (queryNorm * documentNorm < LARGEST_SCORE) return;
  throw new QuarryError(
    'BadVectors',
    `a query vector of length ${queryNorm} and a document vector of length ${documentNorm} have scores beyond float32; normalise them (vectors.normalize: true)`,
  );
}

/** Refuses queries of another dimension than the index has. */
export function checkDimension(queries: Vectors, dimension: number): void {
  if (queries.dimension === dimension) return;
  throw new QuarryError(
    'BadVectors',
    `queries of dimension ${queries.dimension} against an index of dimension ${dimension}; embed both with one model`,
  );
}
