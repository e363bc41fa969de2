import { paddedLength, rowsOfBatch } from './fixed-shapes.ts';
import type { TokenRow } from './tokenizer.ts';

/** Rows that are embedded together; fewer than `rows` at the end, where dummy rows fill up. */
export interface Batch<Item extends TokenRow> {
  /** Padded length. */
  readonly length: number;
  readonly rows: number;
  readonly items: readonly Item[];
}

/**
 * Gathers rows by padded length and gives out full batches. Holds less than one batch per length of the grid, so memory
 * does not grow with the shard; and no window is cut, so only the shard's last batches have dummy rows.
 */
export class ShapedBatches<Item extends TokenRow> {
  readonly #byLength = new Map<number, Item[]>();
  readonly #maxLength: number;
  readonly #oneRowAtATime: boolean;

  /** @param oneRowAtATime every row alone and unpadded, for models whose vectors depend on the batch */
  constructor(maxLength: number, oneRowAtATime: boolean) {
    this.#maxLength = maxLength;
    this.#oneRowAtATime = oneRowAtATime;
  }

  /** The batch that the row made full, if it did. */
  add(item: Item): Batch<Item> | null {
    if (this.#oneRowAtATime) return { length: item.ids.length, rows: 1, items: [item] };
    const length = paddedLength(item.ids.length, this.#maxLength);
    const rows = rowsOfBatch(length);
    const items = this.#byLength.get(length) ?? [];
    items.push(item);
    if (items.length < rows) {
      this.#byLength.set(length, items);
      return null;
    }
    this.#byLength.delete(length);
    return { length, rows, items };
  }

  /** What is left, shortest first. */
  *rest(): Generator<Batch<Item>> {
    const left = [...this.#byLength].sort(([a], [b]) => a - b);
    this.#byLength.clear();
    for (const [length, items] of left) yield { length, rows: rowsOfBatch(length), items };
  }
}
