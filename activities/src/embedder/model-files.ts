import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QuarryError } from '../failures.ts';
import { filesOf } from './model-directory.ts';

/** The settings of a model as the Hugging Face hub publishes them; only what is used here, all of it optional. */
export interface ModelFiles {
  readonly directory: string;
  readonly config: {
    readonly model_type?: string;
    readonly architectures?: readonly string[];
    readonly hidden_size?: number;
    readonly n_embd?: number;
    readonly dim?: number;
    readonly max_position_embeddings?: number;
    readonly text_config?: { readonly hidden_size?: number; readonly max_position_embeddings?: number };
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

/**
 * Reads the settings of a model directory.
 *
 * @throws QuarryError BadModel that lists what is there where a needed file is missing, or names the file that is not JSON
 */
export async function readModelFiles(directory: string, graph: string): Promise<ModelFiles> {
  const present = await filesOf(directory);
  const missing = ['config.json', 'tokenizer.json', graph].filter((name) => !present.includes(name));
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
    config: (await json<ModelFiles['config']>('config.json'))!,
    tokenizerConfig: (await json<ModelFiles['tokenizerConfig']>('tokenizer_config.json')) ?? {},
    pooling: await json('1_Pooling/config.json'),
    modules: await json('modules.json'),
    sentenceBert: await json('sentence_bert_config.json'),
    chatTemplate: template ?? null,
  };
}
