import { stopIfAborted } from '../../index/vector-index.ts';
import { dot } from '../../mining/dot.ts';
import { LocalNpyWriter } from '../../tables/local-npy.ts';
import type { OwnerFiles } from '../../tables/owner-files.ts';
import { VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';
import { type HiddenInput, hidingBlocks, otherOwners } from './hidden-pairs.ts';

export interface HiddenOwnersInput extends HiddenInput {
  readonly owners: OwnerFiles;
}

/**
 * Similarity to the query of the most similar *other* owner of each positive that it hides; NaN for all other candidates,
 * and where there is none. Memory: 65,536 candidates at 8 bytes, the owners of a block's hidden positives, and up to 128 MiB
 * of vectors.
 */
export const run: Kernel<HiddenOwnersInput, number> = (input, control) => {
  const { queries, k, dimension: d, owners } = input;
  const vectors = new VectorFiles(input.queryVectors, d);
  const similarity = (query: number, other: number): number => {
    const [a, b] = [vectors.around(query), vectors.around(other)];
    return dot(a.vectors, (query - a.start) * d, b.vectors, (other - b.start) * d, d);
  };
  const output = new LocalNpyWriter(input.output, '<f4', k);
  for (const { start, end, ids, hiding } of hidingBlocks(input)) {
    stopIfAborted(control);
    const values = new Float32Array(ids.length).fill(Number.NaN);
    const slots = hiding.flatMap(({ row, hidden }) => hidden.map((place) => row * k + place));
    const asking = Int32Array.from(slots, (slot) => start + Math.floor(slot / k));
    const documents = Int32Array.from(slots, (slot) => ids[slot]!);
    otherOwners(owners, documents, asking).forEach((others, i) => {
      const scores = Array.from(others, (other) => similarity(asking[i]!, other));
      if (scores.length > 0) values[slots[i]!] = scores.reduce((a, b) => Math.max(a, b));
    });
    output.append(values);
    control.progress(end - queries.start, queries.end - queries.start);
  }
  output.finish();
  return queries.end - queries.start;
};
