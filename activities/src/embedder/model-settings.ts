import type { Job } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { requireFamily } from './architecture.ts';
import type { Device } from './device.ts';
import type { ModelFiles } from './model-files.ts';
import type { ModelGraphs } from './model-graphs.ts';
import { type Prompt, resolvePrompt } from './prompt.ts';
import { type VisionSettings, visionSettings } from './vision-settings.ts';

/** How a model directory turns texts into vectors: all that the kernel needs, structured-cloneable. */
export type ModelSettings = EncoderSettings | GeneratorSettings;

interface GraphSettings {
  /** Local directory. */
  readonly directory: string;
  /** The directory that the job means, where the other one is a prepared copy of it; for messages. */
  readonly origin?: string;
  /** Path inside it of the graph that gives the vectors. */
  readonly graph: string;
  readonly dimension: number;
  /** Tokens of a row at most, special ones included. */
  readonly maxLength: number;
  readonly oneRowAtATime: boolean;
  readonly device: Device;
}

export interface EncoderSettings extends GraphSettings {
  readonly kind: 'encoder';
  readonly pooling: 'mean' | 'cls';
  readonly queryPrefix: string;
  readonly documentPrefix: string;
}

export interface GeneratorSettings extends GraphSettings {
  readonly kind: 'generator';
  readonly pooling: 'last';
  readonly prompt: Prompt;
  /** Jinja source; null: ChatML. */
  readonly chatTemplate: string | null;
  /** Graph that embeds tokens, where {@link graph} takes embedded ones. */
  readonly embedTokens: string | null;
  readonly visionEncoder: string | null;
  /** How images are read; null: the model takes text only. */
  readonly vision: VisionSettings | null;
  /** Ids at the beginning of every prompt that are baked into the graph; empty: none. */
  readonly prefix: readonly number[];
  /** Key and value heads and their length, for exports that do not say; 0: config.json does not either. */
  readonly keyValueHeads: number;
  readonly headDimension: number;
  /** Tokens that the model knows; Infinity where it does not say. */
  readonly vocabulary: number;
}

/** Longest row where neither the job nor sentence_bert_config.json says otherwise. */
const DEFAULT_MAX_LENGTH = 512;

/**
 * Settings from the model's own files and the job.
 *
 * @throws QuarryError BadModel where the files do not say enough, or say what is not supported
 */
export function modelSettings(
  files: ModelFiles,
  model: Exclude<Job['model'], { kind: 'vectors' }>,
  graphs: ModelGraphs,
  prefix: readonly number[],
  oneRowAtATime: boolean,
): ModelSettings {
  requireFamily(files, model.kind);
  const common = {
    directory: files.directory,
    graph: graphs.main,
    dimension: dimensionOf(files),
    maxLength: maxLengthOf(files, model.maxLength),
    oneRowAtATime,
    device: { name: model.device ?? 'cpu', id: model.deviceId ?? 0 },
  };
  if (model.kind === 'generator') {
    const chatTemplate = files.chatTemplate ?? namedTemplate(files);
    return {
      ...common,
      kind: 'generator',
      pooling: 'last',
      prompt: resolvePrompt(model.prompt),
      chatTemplate,
      embedTokens: graphs.embedTokens,
      visionEncoder: graphs.visionEncoder,
      vision: graphs.visionEncoder === null ? null : visionSettings(files, model.maxPixels),
      prefix,
      ...decoderShape(files),
    };
  }
  const { queryPrefix, documentPrefix } = model;
  return { ...common, kind: 'encoder', pooling: poolingOf(files), queryPrefix, documentPrefix };
}

function decoderShape({ config }: ModelFiles) {
  const text = config.text_config ?? config;
  const { num_attention_heads: heads = 0, num_key_value_heads: shared = heads, hidden_size: size = 0 } = text;
  return {
    keyValueHeads: shared,
    headDimension: text.head_dim ?? (heads === 0 ? 0 : size / heads),
    vocabulary: text.vocab_size ?? Infinity,
  };
}

function dimensionOf({ config, directory }: ModelFiles): number {
  const size = config.hidden_size ?? config.text_config?.hidden_size ?? config.n_embd ?? config.dim;
  if (size !== undefined && Number.isInteger(size) && size > 0) return size;
  throw new QuarryError(
    'BadModel',
    `${directory}/config.json: hidden_size is missing, so the length of a vector is not known`,
  );
}

function maxLengthOf(files: ModelFiles, wanted: number | undefined): number {
  const { config, tokenizerConfig, sentenceBert, directory } = files;
  const positions = config.max_position_embeddings ?? config.text_config?.max_position_embeddings ?? Infinity;
  const own =
    sentenceBert?.max_seq_length ??
    Math.min(tokenizerConfig.model_max_length ?? Infinity, positions, DEFAULT_MAX_LENGTH);
  if (wanted !== undefined && wanted > positions) {
    throw new QuarryError(
      'BadModel',
      `model.maxLength: ${wanted} tokens, but ${directory} has ${positions} positions (config.json); give at most that`,
    );
  }
  return wanted ?? Math.min(own, positions);
}

function poolingOf({ pooling, modules, directory }: ModelFiles): 'mean' | 'cls' {
  const strange = modules?.find(({ type }) => !/\.(Transformer|Pooling|Normalize)$/.test(type));
  if (strange) {
    throw new QuarryError(
      'BadModel',
      `${directory}/modules.json: module ${strange.type} is not applied here, so vectors would differ from the model's own; use a model of Transformer, Pooling and Normalize only`,
    );
  }
  const modes = Object.entries(pooling ?? {}).filter(
    ([key, on]) => key.startsWith('pooling_mode_') && on === true,
  );
  const mode = modes.map(([key]) => key).join(' + ');
  if (mode === '' || mode === 'pooling_mode_mean_tokens') return 'mean';
  if (mode === 'pooling_mode_cls_token') return 'cls';
  throw new QuarryError(
    'BadModel',
    `${directory}/1_Pooling/config.json: ${mode} is not supported; an encoder pools by mean or cls`,
  );
}

function namedTemplate({ tokenizerConfig }: ModelFiles): string | null {
  const { chat_template: template } = tokenizerConfig;
  if (template === undefined || typeof template === 'string') return template ?? null;
  return (template.find(({ name }) => name === 'default') ?? template[0])?.template ?? null;
}
