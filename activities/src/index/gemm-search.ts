import { InferenceSession, Tensor } from 'onnxruntime-node';
import { searchGraph } from './gemm-top-k-graph.ts';
import type { Vectors } from './vectors.ts';

/** The best rows of one block by GEMM score: arrays [queries, k], descending. */
export interface BlockBest {
  readonly k: number;
  readonly scores: Float32Array;
  /** int64 as pairs of int32, low word first: element i is `rows[2 * i]` */
  readonly rows: Int32Array;
}

/** Gemm and TopK through onnxruntime. Both block the thread. */
export class GemmSearch {
  readonly #threads: number;
  readonly #topK: InferenceSession;
  #scores: InferenceSession | null = null;

  private constructor(threads: number, topK: InferenceSession) {
    this.#threads = threads;
    this.#topK = topK;
  }

  static async open(threads: number): Promise<GemmSearch> {
    return new GemmSearch(threads, await createSession('gemmTopK', threads));
  }

  async topK(queries: Vectors, documents: Vectors, k: number): Promise<BlockBest> {
    const { values, indices } = await this.#topK.run({
      queries: tensor(queries),
      documents: tensor(documents),
      k: new Tensor('int64', BigInt64Array.of(BigInt(k)), [1]),
    });
    const words = indices!.data as BigInt64Array;
    return {
      k,
      scores: values!.data as Float32Array,
      rows: new Int32Array(words.buffer, words.byteOffset, words.length * 2),
    };
  }

  /** Every score, float32 [queries, documents]. */
  async scores(queries: Vectors, documents: Vectors): Promise<Float32Array> {
    this.#scores ??= await createSession('gemm', this.#threads);
    const { scores } = await this.#scores.run({ queries: tensor(queries), documents: tensor(documents) });
    return scores!.data as Float32Array;
  }

  async close(): Promise<void> {
    await this.#topK.release();
    await this.#scores?.release();
  }
}

function createSession(kind: 'gemm' | 'gemmTopK', threads: number): Promise<InferenceSession> {
  return InferenceSession.create(searchGraph(kind), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Waiting threads that spin would take the cores from the other worker threads.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
}

function tensor({ data, rows, dimension }: Vectors): Tensor {
  return new Tensor('float32', data, [rows, dimension]);
}
