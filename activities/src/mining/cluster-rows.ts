import type { Cluster } from './saha.ts';

/** What the clusters add up to. */
export interface ClusterFigures {
  readonly clusters: number;
  /** Clusters made in phase 1 and phase 2. */
  readonly phases: readonly [number, number];
  /** Pairs beside the anchors. */
  readonly members: number;
  /** Clusters by number of pairs, the anchor's included. */
  readonly sizeHistogram: Readonly<Record<number, number>>;
}

/** The rows of the clusters in the order made, in arrays that grow. */
export class ClusterRows {
  #rows = new Int32Array(1024);
  #scores = new Float32Array(256);
  #count = 0;
  readonly #phases: [number, number] = [0, 0];
  readonly #sizes: Record<number, number> = {};

  add({ number, phase, anchor, members, scores }: Cluster): void {
    this.#push(number, 0, anchor, phase, Number.NaN);
    for (const [i, pair] of members.entries()) this.#push(number, i + 1, pair, phase, scores[i]!);
    this.#phases[phase - 1]!++;
    const size = members.length + 1;
    this.#sizes[size] = (this.#sizes[size] ?? 0) + 1;
  }

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** int32 [count, 4]: cluster, position (0 = anchor), pair, phase */
  get rows(): Int32Array {
    return this.#rows.subarray(0, this.#count * 4);
  }

  /** float32 [count]: similarity of the row's query to the anchor's, NaN for the anchor */
  get ownerScores(): Float32Array {
    return this.#scores.subarray(0, this.#count);
  }

  figures(): ClusterFigures {
    const [first, second] = this.#phases;
    const clusters = first + second;
    return {
      clusters,
      phases: [first, second],
      members: this.#count - clusters,
      sizeHistogram: { ...this.#sizes },
    };
  }

  #push(cluster: number, position: number, pair: number, phase: number, score: number): void {
    if (this.#count === this.#scores.length) {
      this.#rows = doubled(this.#rows, new Int32Array(this.#rows.length * 2));
      this.#scores = doubled(this.#scores, new Float32Array(this.#scores.length * 2));
    }
    this.#rows.set([cluster, position, pair, phase], this.#count * 4);
    this.#scores[this.#count++] = score;
  }
}

function doubled<A extends Int32Array | Float32Array>(full: A, empty: A): A {
  empty.set(full);
  return empty;
}
