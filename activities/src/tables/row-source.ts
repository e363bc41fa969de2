import type { Value } from './column-edges.ts';

/** The rows of one file, ready to be copied into Parquet. */
export interface RowSource {
  /** What stands behind FROM: yields the published columns in the total order. */
  readonly from: string;
  /** Mean bytes of a row, uncompressed. */
  readonly bytesPerRow: number;
  /** The rows at some places (0 = the first of the file), found on another way than `from` goes. */
  readonly rowsAt: (places: readonly number[]) => Promise<ReadonlyMap<number, readonly Value[]>>;
  /** Why rows could not be put together, where that ended the copy. */
  readonly failure: () => unknown;
  readonly close: () => void;
}
