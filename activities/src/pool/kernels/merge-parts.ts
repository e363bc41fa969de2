import { pathToFileURL } from 'node:url';
import { QuarryError } from '../../failures.ts';
import { GivenJoin } from '../../index/given-join.ts';
import { Ranking } from '../../index/ranking.ts';
import { emptyHits, stopIfAborted } from '../../index/vector-index.ts';
import { addQuery, emptyRetrieval, type RetrievalSums } from '../../mining/retrieval-metrics.ts';
import type { ShardGiven, ShardJudgements } from '../../stages/shard-pairs.ts';
import { createFileStore } from '../../storage/file-store.ts';
import { readNpyRows } from '../../tables/npy-rows.ts';
import type { Kernel } from '../kernel.ts';

export interface MergePartsInput {
  /** Local `.npy` files of each part's search, in the order of the parts; none where nothing was searched. */
  readonly parts: readonly {
    readonly ids: string;
    readonly scores: string;
    readonly positiveScores: string;
  }[];
  /** Queries of the shard. */
  readonly rows: number;
  readonly k: number;
  /** Candidates of the search that are taken, at most. */
  readonly retrieved: number;
  /** Candidates that the input brings, with the local `.npy` files of their scores in each part. */
  readonly given:
    | (ShardGiven & {
        readonly parts: readonly { readonly scores: string; readonly positiveScores: string }[];
      })
    | null;
  readonly judgements: ShardJudgements;
}

/** Arrays as `merge/<key>/` holds them. */
export interface MergePartsOutput {
  readonly ids: Int32Array;
  readonly scores: Float32Array;
  readonly positiveScores: Float32Array;
  /** Null where the input brings none. */
  readonly sources: Uint8Array | null;
  readonly retrieval: RetrievalSums;
}

/** Bytes of all parts' lists held at once. */
const BLOCK_BYTES = 32 * 2 ** 20;

/** Merges the parts' lists of one query shard, some queries at a time. */
export const run: Kernel<MergePartsInput, MergePartsOutput> = async (input, control) => {
  const { parts, rows, k, retrieved, given, judgements } = input;
  const hits = emptyHits(rows, k);
  const retrieval = emptyRetrieval();
  const ranking = new Ranking(retrieved);
  const join = given && new GivenJoin(given, await givenScores(given), hits, k);
  const block = Math.max(1, Math.floor(BLOCK_BYTES / (Math.max(1, parts.length * retrieved) * 8)));
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
      for (const { ids, scores } of lists)
        offerList(ranking, ids, scores, (query - start) * retrieved, retrieved);
      if (join) join.write(ranking, query);
      else ranking.writeTo(hits, query, k);
      addQuery(retrieval, rankedQuery(hits.ids, query, k, judgements));
    }
    control.progress(end, rows);
  }
  return {
    ...hits,
    positiveScores: await mergePositiveScores(input),
    sources: join?.sources ?? null,
    retrieval,
  };
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
function mergePositiveScores({ parts, given, judgements }: MergePartsInput): Promise<Float32Array> {
  const files = (given?.parts ?? parts).map(({ positiveScores }) => positiveScores);
  return oneScoreEach(files, judgements.documents);
}

function givenScores({ parts, documents }: NonNullable<MergePartsInput['given']>): Promise<Float32Array> {
  return oneScoreEach(
    parts.map(({ scores }) => scores),
    documents,
  );
}

/** Scores that are NaN in every file but one. */
async function oneScoreEach(files: readonly string[], documents: Int32Array): Promise<Float32Array> {
  const merged = new Float32Array(documents.length).fill(Number.NaN);
  for (const file of files) {
    const scores = await readRows<Float32Array>(file, 0, merged.length);
    for (let pair = 0; pair < merged.length; pair++) {
      if (!Number.isNaN(scores[pair]!)) merged[pair] = scores[pair]!;
    }
  }
  const missing = merged.findIndex(Number.isNaN);
  if (missing < 0) return merged;
  throw new QuarryError(
    'BadArtefact',
    `no part scored pair ${missing} of the shard (document ${documents[missing]}): the parts do not cover the corpus; remove the search outputs of this run from the cache and start the job again`,
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
