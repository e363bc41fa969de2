import type { RunRef, StageName, UnitResult } from '@quarry/workflows';
import { Ranking } from '../index/ranking.ts';
import { estimate, recallPerQuery, sampleQueries } from '../index/recall.ts';
import { emptyHits, type Hits } from '../index/vector-index.ts';
import type { Vectors } from '../index/vectors.ts';
import type { SearchPartInput, SearchPartOutput } from '../pool/kernels/search-part.ts';
import { readNpyRows } from '../tables/npy-rows.ts';
import { embedKey, measureRecallKey, mergeKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { partFiles } from './part-files.ts';
import { type RunDocument, readRunDocument, unitDirectory } from './run-document.ts';
import { numbersOf, runGroups } from './run-groups.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

/** Depth of the second figure. */
const SHALLOW = 10;

/** Rows read at once. */
const AT_ONCE = 16;

/**
 * Recall@k and recall@10 of the candidates against exact search over every part of a query's group, on a seeded sample of queries, with
 * the 95 % interval of recall@k. Depends on the seed and the queries, not on shards.
 *
 * Memory: the sample's vectors and lists; in a worker thread one part's vectors (256 MiB at most) and GEMM blocks.
 */
export async function measureRecall(context: StageContext, unit: RunRef): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'measureRecall', measureRecallKey(run), async () => {
    const { engine, retrieved } = run.search;
    // Candidates that the input brings lie behind and between those of the search; without a search all of them count.
    const k = retrieved || run.search.k;
    const { queries, dimension } = { queries: run.plan.queries, dimension: run.model.dimension };
    const sample = sampleQueries(queries, run.job.search.recallSample, run.job.seed);
    const data = await sampleRows<Float32Array>(
      context,
      unit,
      run,
      sample,
      'embed',
      'vectors.npy',
      dimension,
    );
    const exact = await searchGroups(context, unit, run, sample, { data, rows: sample.length, dimension }, k);
    const found = {
      ids: await sampleRows<Int32Array>(context, unit, run, sample, 'merge', 'ids.npy', k),
      scores: await sampleRows<Float32Array>(context, unit, run, sample, 'merge', 'scores.npy', k),
    };
    const { mean, ...interval } = estimate(recallPerQuery(exact, found, k, k), queries);
    const shallow = estimate(recallPerQuery(exact, found, k, Math.min(SHALLOW, k)), queries);
    const figures = {
      engine,
      sample: sample.length,
      k,
      recallAtK: mean,
      recallAt10: shallow.mean,
      ...interval,
    };
    return { rows: sample.length, figures };
  });
}

/** Each query of the sample (ascending) against the parts of its group. */
async function searchGroups(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  sample: Int32Array,
  { data, rows, dimension }: Vectors,
  k: number,
): Promise<Hits> {
  const hits = emptyHits(rows, k);
  for (const { queries, parts } of runGroups(run)) {
    const start = sample.filter((query) => query < queries.start).length;
    const end = sample.filter((query) => query < queries.end).length;
    if (start === end) continue;
    const some = { data: data.slice(start * dimension, end * dimension), rows: end - start, dimension };
    const found = await searchExactly(context, unit, run, some, numbersOf(parts), k);
    hits.ids.set(found.ids, start * k);
    hits.scores.set(found.scores, start * k);
  }
  return hits;
}

async function searchExactly(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  queries: Vectors,
  parts: readonly number[],
  k: number,
): Promise<Hits> {
  const rankings = Array.from({ length: queries.rows }, () => new Ranking(k));
  for (const [done, number] of parts.entries()) {
    const part = await partFiles(context, unit, run, number, 'exact');
    const { ids, scores } = await context.pool.run<SearchPartInput, SearchPartOutput>({
      kernel: 'search-part',
      input: {
        part,
        queries,
        k,
        pairs: { queries: new Int32Array(0), documents: new Int32Array(0) },
        threads: context.threads,
      },
      affinity: `part ${part.key}`,
      signal: context.signal,
      onProgress: (now, total) => context.progress(done * total + now, parts.length * total),
    });
    rankings.forEach((ranking, query) => {
      for (let i = query * k; i < (query + 1) * k && ids[i]! >= 0; i++) ranking.offer(ids[i]!, scores[i]!);
    });
  }
  const hits = emptyHits(queries.rows, k);
  rankings.forEach((ranking, query) => {
    ranking.writeTo(hits, query, k);
  });
  return hits;
}

/** The sample's rows of an array that lies by query shard, the first `width` numbers of each. */
async function sampleRows<A extends Int32Array | Float32Array>(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  sample: Int32Array,
  stage: Extract<StageName, 'embed' | 'merge'>,
  name: string,
  width: number,
): Promise<A> {
  const rows = await mapConcurrently(placesOf(sample, run), AT_ONCE, async ({ shard, row }) => {
    context.signal.throwIfAborted();
    const key = stage === 'embed' ? embedKey(run, 'query', shard) : mergeKey(run, shard);
    const uri = `${unitDirectory(unit.cache, stage, key)}/${name}`;
    return (await readNpyRows<A>(context.openStore(uri), uri, row, row + 1)).data;
  });
  const array =
    name === 'ids.npy' ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    array.set(row.subarray(0, width), i * width);
  });
  return array as A;
}

/** The shard of each query, and its row there. */
function placesOf(sample: Int32Array, run: RunDocument): { shard: number; row: number }[] {
  const shards = run.plan.queryShards;
  let shard = 0;
  return Array.from(sample, (query) => {
    while (query >= shards[shard]!.end) shard++;
    return { shard, row: query - shards[shard]!.start };
  });
}
