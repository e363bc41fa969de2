import { hidePositives } from './hide-positives.ts';

/** Some queries, their candidates and their positives. */
export interface HidingBlock {
  /** Candidates per query. */
  readonly k: number;
  /** int32 [queries, k], -1 padded */
  readonly ids: Int32Array;
  /** Positives: those of row i are documents [offsets[i], offsets[i + 1]). */
  readonly positives: { readonly offsets: Int32Array; readonly documents: Int32Array };
  readonly seed: number;
}

/** A query that hides some of its positives. */
export interface HidingRow {
  /** Within the block. */
  readonly row: number;
  /** int32: the positives that it still knows */
  readonly visible: Int32Array;
  /** Places in the row's candidates of those that it hides. */
  readonly hidden: readonly number[];
}

/** The queries of a block that hide positives ({@link hidePositives}). */
export function hidingRows({ k, ids, positives, seed }: HidingBlock): readonly HidingRow[] {
  const found: HidingRow[] = [];
  for (let row = 0; row * k < ids.length; row++) {
    const own = positives.documents.subarray(positives.offsets[row], positives.offsets[row + 1]);
    const hiding = hidePositives(own, seed);
    if (!hiding) continue;
    const visible = Int32Array.from(hiding.visible, (place) => own[place]!);
    const hidden: number[] = [];
    for (let place = 0; place < k; place++) if (hiding.hidden.has(ids[row * k + place]!)) hidden.push(place);
    found.push({ row, visible, hidden });
  }
  return found;
}
