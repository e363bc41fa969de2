import type { Side } from '@quarry/workflows';
import { type EmbedFigures, type EmbedTarget, embedRows } from '../../embedder/embed-rows.ts';
import { loadedModel } from '../../embedder/loaded-models.ts';
import type { ModelSettings } from '../../embedder/model-settings.ts';
import { shardRows } from '../../embedder/shard-rows.ts';
import { imagesAhead, PatchThreads } from '../../images/patch-threads.ts';
import type { Kernel } from '../kernel.ts';

/** One shard to embed: where its rows lie, and where the vectors go. */
export interface EmbedInput {
  readonly settings: ModelSettings;
  /** The model's identity: a loaded model is kept under it. */
  readonly modelSha256: string;
  /** Threads of onnxruntime, and as many that prepare images. */
  readonly threads: number;
  readonly side: Side;
  /** Local path of the shard's Parquet file. */
  readonly parquet: string;
  /** URI of the directory where the paths of images begin. */
  readonly imageRoot: string;
  /** Dense id of the shard's first row. */
  readonly first: number;
  readonly target: EmbedTarget;
  /** Local directory for DuckDB's spilled data. */
  readonly directory: string;
}

export const run: Kernel<EmbedInput, EmbedFigures> = async (input, control) => {
  const { settings, side, parquet, first, directory, target, threads } = input;
  const model = await loadedModel(settings, input.modelSha256, threads);
  const rows = shardRows(parquet, side, first, directory);
  const texts = model.tokensAhead();
  const images = settings.kind === 'generator' ? (settings.vision?.images ?? null) : null;
  if (!images) return embedRows(model, rows, side, target, control, { images: null, texts });
  const patchThreads = new PatchThreads(threads, input.imageRoot, images);
  try {
    const source = { ask: patchThreads.ask.bind(patchThreads), ahead: imagesAhead(images) };
    return await embedRows(model, rows, side, target, control, { images: source, texts });
  } finally {
    await patchThreads.close();
  }
};
