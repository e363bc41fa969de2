import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QuarryError } from '../failures.ts';
import { filesOf } from './model-directory.ts';

/** The settings of a model as the Hugging Face hub publishes them; only what is used here, all of it optional. */
export interface ModelFiles {
  readonly directory: string;
  /** Paths of all files. */
  readonly present: readonly string[];
  readonly config: DecoderConfig & {
    readonly model_type?: string;
    readonly architectures?: readonly string[];
    readonly n_embd?: number;
    readonly dim?: number;
    readonly image_token_id?: number;
    readonly scale_factor?: number;
    readonly text_config?: DecoderConfig;
    readonly vision_config?: { readonly image_size?: number; readonly patch_size?: number };
  };
  /** tokenizer.json, of which only the vocabulary is looked at. */
  readonly tokenizer: {
    readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
    readonly model?: { readonly vocab?: Readonly<Record<string, unknown>> };
  };
  readonly preprocessor: {
    readonly image_mean?: readonly number[];
    readonly image_std?: readonly number[];
    readonly patch_size?: number;
    readonly merge_size?: number;
    readonly temporal_patch_size?: number;
    readonly min_pixels?: number;
    readonly max_pixels?: number;
    readonly size?: { readonly shortest_edge?: number; readonly longest_edge?: number };
    readonly max_image_size?: { readonly longest_edge?: number };
    readonly do_image_splitting?: boolean;
  };
  readonly tokenizerConfig: {
    readonly model_max_length?: number;
    readonly chat_template?: string | readonly { readonly name: string; readonly template: string }[];
    readonly [key: string]: unknown;
  };
  readonly pooling: Readonly<Record<string, unknown>> | null;
  readonly modules: readonly { readonly type: string }[] | null;
  readonly sentenceBert: { readonly max_seq_length?: number } | null;
  /** `chat_template.jinja`, or the `chat_template` of `chat_template.json`. */
  readonly chatTemplate: string | null;
}

/** Of config.json, or its `text_config` where there are several parts. */
interface DecoderConfig {
  readonly hidden_size?: number;
  readonly max_position_embeddings?: number;
  readonly vocab_size?: number;
  readonly num_attention_heads?: number;
  readonly num_key_value_heads?: number;
  readonly head_dim?: number;
  readonly eos_token_id?: number | readonly number[];
}

/**
 * Reads the settings of a model directory.
 *
 * @param graph must be among the files; null: whoever chooses the graph sees to it
 * @throws QuarryError BadModel that lists what is there where a needed file is missing, or names the file that is not JSON
 */
export async function readModelFiles(directory: string, graph: string | null): Promise<ModelFiles> {
  const present = await filesOf(directory);
  const needed = ['config.json', 'tokenizer.json', ...(graph === null ? [] : [graph])];
  const missing = needed.filter((name) => !present.includes(name));
  if (missing.length > 0) {
    const list = present.slice(0, 30).join(', ') || 'nothing';
    throw new QuarryError(
      'BadModel',
      `model.path ${directory}: ${missing.join(' and ')} missing; there is: ${list}. Give a directory as exported for ONNX on the hub (optimum-cli export onnx), and model.file where the graph has another name`,
    );
  }
  const json = async <T>(name: string): Promise<T | null> => {
    if (!present.includes(name)) return null;
    const text = await readFile(join(directory, name), 'utf8');
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new QuarryError('BadModel', `${join(directory, name)}: not JSON (${(cause as Error).message})`, {
        cause,
      });
    }
  };
  const template = present.includes('chat_template.jinja')
    ? await readFile(join(directory, 'chat_template.jinja'), 'utf8')
    : (await json<{ chat_template: string }>('chat_template.json'))?.chat_template;
  return {
    directory,
    present,
    tokenizer: (await json<ModelFiles['tokenizer']>('tokenizer.json'))!,
    preprocessor: (await json<ModelFiles['preprocessor']>('preprocessor_config.json')) ?? {},
    config: (await json<ModelFiles['config']>('config.json'))!,
    tokenizerConfig: (await json<ModelFiles['tokenizerConfig']>('tokenizer_config.json')) ?? {},
    pooling: await json('1_Pooling/config.json'),
    modules: await json('modules.json'),
    sentenceBert: await json('sentence_bert_config.json'),
    chatTemplate: template ?? null,
  };
}
