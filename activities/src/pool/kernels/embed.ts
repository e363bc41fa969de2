import type { Side } from '@quarry/workflows';
import { type EmbedFigures, type EmbedTarget, embedTexts } from '../../embedder/embed-texts.ts';
import { loadedModel } from '../../embedder/loaded-models.ts';
import type { ModelSettings } from '../../embedder/model-settings.ts';
import { shardTexts } from '../../embedder/shard-texts.ts';
import type { Kernel } from '../kernel.ts';

/** One shard to embed: where its rows lie, and where the vectors go. */
export interface EmbedInput {
  readonly settings: ModelSettings;
  /** The model's identity: a loaded model is kept under it. */
  readonly modelSha256: string;
  /** Threads of onnxruntime. */
  readonly threads: number;
  readonly side: Side;
  /** Local path of the shard's Parquet file. */
  readonly parquet: string;
  /** Dense id of the shard's first row. */
  readonly first: number;
  readonly target: EmbedTarget;
  /** Local directory for DuckDB's spilled data. */
  readonly directory: string;
}

export const run: Kernel<EmbedInput, EmbedFigures> = async (input, control) => {
  const { side, parquet, first, directory, target } = input;
  const model = await loadedModel(input.settings, input.modelSha256, input.threads);
  return embedTexts(model, shardTexts(parquet, side, first, directory), side, target, control);
};
