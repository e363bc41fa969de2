import type { Job, Side } from '@quarry/workflows';
import { DUPLICATES_FILES } from '../dataset/duplicate-rows.ts';
import { contentHash } from '../dataset/row-content.ts';
import { unitDirectory } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { decodeNpy } from '../tables/npy.ts';
import type { EmbedFigures, EmbedTarget } from './embed-rows.ts';
import { requireEqualVectors } from './equal-content.ts';
import { gatherVectors, openGivenVectors } from './given-vectors.ts';
import { normalise } from './pooling.ts';
import { shardRows } from './shard-rows.ts';
import { VectorFile } from './vector-file.ts';

/** Rows gathered at once; bounds the memory, and how long the event loop waits. */
const ROWS_AT_ONCE = 4096;

/** The shard whose given vectors are wanted. */
export interface ShardToGather {
  readonly side: Side;
  readonly shard: number;
  readonly first: number;
  /** Local path of its Parquet file. */
  readonly parquet: string;
  readonly cache: string;
  readonly planKey: string;
  readonly directory: string;
}

/**
 * Takes one shard's vectors from the caller's `.npy` file by source row. The first shard also checks that rows of equal
 * content have equal vectors. Memory: 4,096 vectors, one range of the file, and the source rows of the shard.
 *
 * @throws QuarryError BadVectors that names the file and row
 */
export async function gatherShard(
  context: StageContext,
  model: Extract<Job['model'], { kind: 'vectors' }>,
  { side, shard, first, parquet, cache, planKey, directory }: ShardToGather,
  target: EmbedTarget,
): Promise<EmbedFigures> {
  const given = await openGivenVectors(context, side === 'query' ? model.queries : model.documents);
  if (shard === 0) {
    const name = DUPLICATES_FILES[side === 'query' ? 'queries' : 'documents'];
    const uri = `${unitDirectory(cache, 'plan', planKey)}/${name}`;
    const bytes = await context.openStore(uri).readIfPresent(uri);
    if (bytes) await requireEqualVectors(context, given, decodeNpy(bytes, uri));
  }
  const vectors = new VectorFile(target.vectors, '<f4', target.rows, given.dimension);
  const hashes = new VectorFile(target.hashes, '|u1', target.rows, 32);
  try {
    const sources: number[] = [];
    for await (const chunk of shardRows(parquet, side, first, directory)) {
      for (const row of chunk) {
        hashes.write(sources.length, contentHash(row));
        sources.push(row.row);
      }
      context.signal.throwIfAborted();
    }
    // The input may be in any order: sorting what is wanted by source row makes the ranges long.
    const order = [...sources.keys()].sort((a, b) => sources[a]! - sources[b]!);
    for (let start = 0; start < order.length; start += ROWS_AT_ONCE) {
      const wanted = order.slice(start, start + ROWS_AT_ONCE);
      const gathered = await gatherVectors(
        context,
        given,
        wanted.map((i) => sources[i]!),
      );
      for (const [i, row] of wanted.entries()) {
        const vector = gathered.subarray(i * given.dimension, (i + 1) * given.dimension);
        if (model.normalize) normalise(vector);
        vectors.write(row, vector);
      }
      context.progress(Math.min(start + ROWS_AT_ONCE, order.length), order.length);
    }
  } finally {
    vectors.close();
    hashes.close();
  }
  return { rows: target.rows, tokens: 0, truncated: 0, oneRowAtATime: false };
}
