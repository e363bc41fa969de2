import type { Stages, UnitResult } from '@quarry/workflows';
import { imageRootOf } from '../dataset/image-uri.ts';
import { openModel } from '../embedder/describe-model.ts';
import type { EmbedFigures, EmbedTarget } from '../embedder/embed-rows.ts';
import { gatherShard } from '../embedder/gather-shard.ts';
import { QuarryError } from '../failures.ts';
import type { EmbedInput } from '../pool/kernels/embed.ts';
import { embedKey } from './keys.ts';
import { readRunDocument, shardFile } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, unitFile } from './unit.ts';

/**
 * Vectors of one shard: `vectors.npy` float32 [rows, dimension] and `hashes.npy` uint8 [rows, 32], the content hash of
 * each row (by which a later run may take vectors over).
 *
 * Memory: with a model, its weights and one batch in the pool's thread, and 64 MiB of images that are prepared ahead; with given vectors, 4,096 of them. The
 * shard's rows and vectors are streamed.
 */
export async function embed(
  context: StageContext,
  unit: Parameters<Stages['embed']>[0],
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const { side, shard, cache } = unit;
  const { planKey } = run;
  return memoised(context, unit, 'embed', embedKey(run, side, shard), async (output) => {
    const { start, end } = (side === 'query' ? run.plan.queryShards : run.plan.documentShards)[shard]!;
    const file = shardFile(side === 'query' ? 'queries' : 'documents', shard);
    const parquet = await unitFile(context, cache, 'plan', planKey, file);
    const target: EmbedTarget = {
      vectors: await output.path('vectors.npy'),
      hashes: await output.path('hashes.npy'),
      rows: end - start,
    };
    const directory = `${output.directory}/duckdb`;
    const { model } = run.job;
    if (model.kind === 'vectors') {
      const place = { side, shard, first: start, parquet, cache, planKey, directory };
      const figures = await gatherShard(context, model, place, target);
      return { rows: figures.rows, figures: { ...figures } };
    }
    const { identity, settings } = await openModel(context, { ...model, path: run.model.path });
    if (identity.sha256 !== run.model.sha256) {
      throw new QuarryError(
        'BadModel',
        `model.path ${model.path}: not the model that the run was planned with (its files have other content on this machine, or were changed since); start the job again`,
      );
    }
    const figures = await context.pool.run<EmbedInput, EmbedFigures>({
      kernel: 'embed',
      affinity: `embed ${identity.sha256}`,
      signal: context.signal,
      onProgress: context.progress,
      input: {
        settings,
        modelSha256: identity.sha256,
        threads: context.threads,
        side,
        parquet,
        imageRoot: imageRootOf(run.job.input),
        first: start,
        target,
        directory,
      },
    });
    return { rows: figures.rows, figures: { ...figures } };
  });
}
