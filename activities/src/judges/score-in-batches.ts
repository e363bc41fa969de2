import { paddedLength, rowsOfBatch } from '../embedder/fixed-shapes.ts';

/** A batch of fixed shape: rows of one padded length, dummy rows behind. */
export interface ShapedBatch {
  /** Places of its rows in the list. */
  readonly places: readonly number[];
  readonly rows: number;
  readonly length: number;
}

/**
 * Cuts rows into batches whose shape follows from a row's own length, so that a row meets the same arithmetic whatever
 * else is judged with it.
 *
 * @param mostRows bounds the rows of a batch of some length, for graphs with large outputs
 */
export function* batchesOf(
  lengths: readonly number[],
  maxLength: number,
  mostRows: (length: number) => number = () => Number.POSITIVE_INFINITY,
): Generator<ShapedBatch> {
  const byLength = new Map<number, number[]>();
  for (const [place, length] of lengths.entries()) {
    const padded = paddedLength(length, maxLength);
    byLength.set(padded, [...(byLength.get(padded) ?? []), place]);
  }
  for (const [length, places] of [...byLength].sort(([a], [b]) => a - b)) {
    const rows = Math.max(1, Math.min(rowsOfBatch(length), mostRows(length)));
    for (let start = 0; start < places.length; start += rows)
      yield { places: places.slice(start, start + rows), rows, length };
  }
}
