import type { ComparedWith, Range } from '@quarry/workflows';
import { stopIfAborted } from '../../index/vector-index.ts';
import { dot, dotRows } from '../../mining/dot.ts';
import { TWIN_WIDTH, twinsOf } from '../../mining/twins.ts';
import { gatherVectors } from '../../tables/gather-vectors.ts';
import { LocalNpyWriter, readLocalRows } from '../../tables/local-npy.ts';
import { type ShardVectors, VectorFiles } from '../../tables/vector-files.ts';
import type { Kernel } from '../kernel.ts';

export interface CompareDocumentsInput {
  readonly against: ComparedWith;
  /** Queries of the shard. */
  readonly queries: Range;
  /** Candidates per query. */
  readonly k: number;
  readonly dimension: number;
  /** merge: local `.npy` int32 [q, k], -1 padded */
  readonly ids: string;
  readonly documents: readonly ShardVectors[];
  /** int32 [q + 1] and their entries: the positives of each query */
  readonly positives: { readonly offsets: Int32Array; readonly documents: Int32Array };
  /** int32 [q, 2]: documents that are the query itself, -1 none */
  readonly self: Int32Array;
  /** Local path to write to: `.npy` float32 [q, k] (positives) or [q, k, {@link TWIN_WIDTH}] (candidates) */
  readonly output: string;
}

/** Candidates whose vectors are held at once. */
const BLOCK_SLOTS = 1 << 14;

/**
 * Cosines of each candidate's document: the highest to a positive of the query (NaN where there is no candidate), or those
 * of its twins among the better candidates. Fixed-order inner products. Memory: the vectors of 16,384 candidates (of one
 * query where it has more) and of their queries' positives, 32 bytes per candidate of a block, and what
 * {@link VectorFiles} holds.
 */
export const run: Kernel<CompareDocumentsInput, number> = (input, control) => {
  const { queries, k, against } = input;
  const rows = queries.end - queries.start;
  const vectors = new VectorFiles(input.documents, input.dimension);
  const output = new LocalNpyWriter(input.output, '<f4', against === 'positives' ? k : k * TWIN_WIDTH);
  const step = Math.max(1, Math.floor(BLOCK_SLOTS / k));
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(start + step, rows);
    const ids = readLocalRows(input.ids, start, end, new Int32Array((end - start) * k));
    const found = new Cosines(
      vectors,
      ids.map((id) => Math.max(id, 0)),
    );
    for (let row = start; row < end; row++) {
      stopIfAborted(control);
      const own = ids.subarray((row - start) * k, (row - start + 1) * k);
      const count = own.includes(-1) ? own.indexOf(-1) : k;
      const first = (row - start) * k;
      output.append(
        against === 'positives'
          ? nearest(input, vectors, found, row, first, count)
          : twins(input, found, row, own, first, count),
      );
    }
    control.progress(end, rows);
  }
  output.finish();
  return rows;
};

/** The highest cosine of each of a query's candidates to one of its positives. */
function nearest(
  { positives, k }: CompareDocumentsInput,
  vectors: VectorFiles,
  candidates: Cosines,
  row: number,
  first: number,
  count: number,
): Float32Array {
  const known = positives.documents.subarray(positives.offsets[row], positives.offsets[row + 1]);
  const others = new Cosines(vectors, known);
  const highest = new Float32Array(k).fill(Number.NaN);
  for (let i = 0; i < known.length; i++) {
    const cosines = candidates.to(others, i, first, first + count);
    for (let place = 0; place < count; place++) {
      if (!(highest[place]! >= cosines[place]!)) highest[place] = cosines[place]!;
    }
  }
  return highest;
}

function twins(
  { positives, self, k }: CompareDocumentsInput,
  candidates: Cosines,
  row: number,
  own: Int32Array,
  first: number,
  count: number,
): Float32Array {
  const known = new Set(positives.documents.subarray(positives.offsets[row], positives.offsets[row + 1]));
  for (const document of self.subarray(2 * row, 2 * row + 2)) known.add(document);
  const found = new Float32Array(k * TWIN_WIDTH).fill(Number.NaN);
  found.set(
    twinsOf(
      count,
      (place) => candidates.to(candidates, first + place, first, first + place),
      (place) => !known.has(own[place]!),
    ),
  );
  return found;
}

/** The vectors of some documents, and their lengths. */
class Cosines {
  readonly #vectors: Float32Array;
  readonly #lengths: Float64Array;
  readonly #dimension: number;

  constructor(files: VectorFiles, documents: Int32Array) {
    const d = files.dimension;
    const vectors = gatherVectors(files, documents);
    this.#dimension = d;
    this.#vectors = vectors;
    this.#lengths = Float64Array.from(documents, (_, i) => Math.sqrt(dot(vectors, i * d, vectors, i * d, d)));
  }

  /** Cosines of rows [start, end) to one row of `others`: float32; 0 where a vector is zero. */
  to(others: Cosines, row: number, start: number, end: number): Float32Array {
    const d = this.#dimension;
    const one = Float64Array.from(others.#vectors.subarray(row * d, (row + 1) * d));
    const rows = Int32Array.from({ length: end - start }, (_, i) => start + i);
    const found = new Float32Array(rows.length);
    dotRows(one, this.#vectors, rows, 0, rows.length, found);
    for (let i = 0; i < found.length; i++) {
      const lengths = others.#lengths[row]! * this.#lengths[start + i]!;
      found[i] = lengths > 0 ? found[i]! / lengths : 0;
    }
    return found;
  }
}
