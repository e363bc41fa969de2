import { pathToFileURL } from 'node:url';
import { QuarryError } from '../../failures.ts';
import { Ranking } from '../../index/ranking.ts';
import { emptyHits, stopIfAborted } from '../../index/vector-index.ts';
import { addQuery, emptyRetrieval, type RetrievalSums } from '../../mining/retrieval-metrics.ts';
import type { ShardJudgements } from '../../stages/shard-pairs.ts';
import { createFileStore } from '../../storage/file-store.ts';
import { readNpyRows } from '../../tables/npy-rows.ts';
import type { Kernel } from '../kernel.ts';

export interface MergePartsInput {
  /** Local `.npy` files of each part's search, in the order of the parts. */
  readonly parts: readonly {
    readonly ids: string;
    readonly scores: string;
    readonly positiveScores: string;
  }[];
  /** Queries of the shard. */
  readonly rows: number;
  readonly k: number;
  readonly judgements: ShardJudgements;
}

/** Arrays as `merge/<key>/` holds them. */
export interface MergePartsOutput {
  readonly ids: Int32Array;
  readonly scores: Float32Array;
  readonly positiveScores: Float32Array;
  readonly retrieval: RetrievalSums;
}

/** Bytes of all parts' lists held at once. */
const BLOCK_BYTES = 32 * 2 ** 20;

/** Merges the parts' lists of one query shard, some queries at a time. */
export const run: Kernel<MergePartsInput, MergePartsOutput> = async (input, control) => {
  const { parts, rows, k, judgements } = input;
  const hits = emptyHits(rows, k);
  const retrieval = emptyRetrieval();
  const ranking = new Ranking(k);
  const block = Math.max(1, Math.floor(BLOCK_BYTES / (parts.length * k * 8)));
  for (let start = 0; start < rows; start += block) {
    stopIfAborted(control);
    const end = Math.min(start + block, rows);
    const lists = await Promise.all(
      parts.map(async (part) => ({
        ids: await readRows<Int32Array>(part.ids, start, end),
        scores: await readRows<Float32Array>(part.scores, start, end),
      })),
    );
    for (let query = start; query < end; query++) {
      ranking.reset();
      for (const { ids, scores } of lists) offerList(ranking, ids, scores, (query - start) * k, k);
      ranking.writeTo(hits, query, k);
      addQuery(retrieval, rankedQuery(hits.ids, query, k, judgements));
    }
    control.progress(end, rows);
  }
  return { ...hits, positiveScores: await mergePositiveScores(input), retrieval };
};

function offerList(
  ranking: Ranking,
  ids: Int32Array,
  scores: Float32Array,
  start: number,
  length: number,
): void {
  for (let i = start; i < start + length; i++) {
    const id = ids[i]!;
    // Lists are in order: what follows a refused candidate is refused as well.
    if (id < 0 || !ranking.offer(id, scores[i]!)) return;
  }
}

function rankedQuery(
  ids: Int32Array,
  query: number,
  k: number,
  { offsets, documents, relevance, self }: ShardJudgements,
) {
  const from = offsets[query]!;
  const to = offsets[query + 1]!;
  return {
    candidates: ids.subarray(query * k, (query + 1) * k),
    positives: documents.subarray(from, to),
    relevance: relevance.subarray(from, to),
    self: self.subarray(query * 2, query * 2 + 2),
  };
}

/** Each pair's document lies in exactly one part. */
async function mergePositiveScores({ parts, judgements }: MergePartsInput): Promise<Float32Array> {
  const merged = new Float32Array(judgements.documents.length).fill(Number.NaN);
  for (const part of parts) {
    const scores = await readRows<Float32Array>(part.positiveScores, 0, merged.length);
    for (let pair = 0; pair < merged.length; pair++) {
      if (!Number.isNaN(scores[pair]!)) merged[pair] = scores[pair]!;
    }
  }
  const missing = merged.findIndex(Number.isNaN);
  if (missing < 0) return merged;
  throw new QuarryError(
    'BadArtefact',
    `no part scored pair ${missing} of the shard (document ${judgements.documents[missing]}): the parts do not cover the corpus; remove the search outputs of this run from the cache and start the job again`,
  );
}

const files = createFileStore();

async function readRows<A extends Int32Array | Float32Array>(
  path: string,
  start: number,
  end: number,
): Promise<A> {
  return (await readNpyRows<A>(files, pathToFileURL(path).href, start, end)).data;
}
