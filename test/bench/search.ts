import { ExactIndex } from '@quarry/activities/index/exact-index';
import { HnswlibIndex } from '@quarry/activities/index/hnswlib-index';
import type { Vectors } from '@quarry/activities/index/vectors';
import { dotRows } from '@quarry/activities/mining/dot';
import { bestByDefinition } from '../unit/search/brute-force.ts';
import { clusteredVectors } from '../unit/search/synthetic-vectors.ts';

const DIMENSION = 384;
const K = 98;
const control = { aborted: false, progress: () => {} };

/**
 * Exact search against hnswlib-node (build and search, the same vectors, one thread each) and against itself without
 * re-scoring. CPU seconds of one process; ratios above 1 mean that exact is cheaper.
 */
export async function benchSearch({
  documents = 50_000,
  queries = 5_000,
  graphDocuments = 10_000,
} = {}): Promise<Record<string, number>> {
  const made = clusteredVectors({ documents, queries, dimension: DIMENSION });
  const corpus = rows(made.documents);
  const asked = rows(made.queries);

  const exact = await ExactIndex.over(corpus, 1);
  await exact.search(slice(asked, 256), K, control);
  const searched = await cpuSeconds(() => exact.search(asked, K, control));
  await exact.close();
  const rescored = await cpuSeconds(() => rescore(asked, corpus, searched.value.ids));

  const small = slice(corpus, graphDocuments);
  const few = slice(asked, Math.min(queries, 2_000));
  const smallExact = await ExactIndex.over(small, 1);
  const peer = await cpuSeconds(() => smallExact.search(few, K, control));
  await smallExact.close();
  const parameters = { m: 16, efConstruction: 200, seed: 42 };
  const built = await cpuSeconds(() => HnswlibIndex.build(small, parameters, control, 2 * K));
  const found = await cpuSeconds(() => built.value.search(few, K, control));
  const sample = few.data.subarray(0, 50 * DIMENSION);
  const truth = bestByDefinition(sample, small.data, DIMENSION, K);
  const right = truth.ids.map(
    (ids, query) =>
      ids.filter((id) => found.value.ids.subarray(query * K, (query + 1) * K).includes(id)).length,
  );

  const flops = 2 * DIMENSION * queries * documents;
  return {
    'exact GF/s, re-scoring included': flops / searched.seconds / 1e9,
    'exact GF/s, GEMM and TopK alone': flops / (searched.seconds - rescored.seconds) / 1e9,
    'exact, CPU seconds for 50,000 x 50,000': (searched.seconds * 2.5e9) / (queries * documents),
    're-scoring, share of exact': rescored.seconds / searched.seconds,
    [`hnswlib search / exact search, ${graphDocuments} documents`]: found.seconds / peer.seconds,
    [`hnswlib build and search / exact search, ${graphDocuments} documents, as many queries`]:
      (built.seconds + (found.seconds / few.rows) * graphDocuments) /
      ((peer.seconds / few.rows) * graphDocuments),
    'hnswlib recall@k': right.reduce((a, b) => a + b) / (50 * K),
    'peak MiB of the process': process.resourceUsage().maxRSS / 1024,
  };
}

/** The dot products that exact search adds to its GEMM. */
function rescore(queries: Vectors, documents: Vectors, ids: Int32Array): number {
  const fetched = K + 16;
  const chosen = new Int32Array(fetched);
  const scores = new Float32Array(fetched);
  let sum = 0;
  for (let query = 0; query < queries.rows; query++) {
    const wide = Float64Array.from(queries.data.subarray(query * DIMENSION, (query + 1) * DIMENSION));
    for (let i = 0; i < fetched; i++) chosen[i] = ids[query * K + (i % K)]!;
    dotRows(wide, documents.data, chosen, 0, fetched, scores);
    sum += scores[0]!;
  }
  return sum;
}

function rows(data: Float32Array): Vectors {
  return { data, rows: data.length / DIMENSION, dimension: DIMENSION };
}

function slice({ data }: Vectors, count: number): Vectors {
  return rows(data.subarray(0, count * DIMENSION));
}

async function cpuSeconds<T>(work: () => T | Promise<T>): Promise<{ value: T; seconds: number }> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}
